import { type WorkOrder, work } from '../../../dist/support/work.js';

/** A Piscina task of one event. */
export default function handle({ rounds }: WorkOrder): number {
  return work(rounds);
}
