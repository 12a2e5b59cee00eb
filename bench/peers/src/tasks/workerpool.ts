import { worker } from 'workerpool';
import { type WorkOrder, work } from '../../../dist/support/work.js';

worker({ handle: ({ rounds }: WorkOrder) => work(rounds) });
