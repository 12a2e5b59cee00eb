import { type WorkOrder, work } from '../support/work.js';

/** A Piscina task of many events, in no order among the tasks. */
export default function handle(orders: readonly WorkOrder[]): number {
  let sum = 0;
  for (const { rounds } of orders) sum += work(rounds);
  return sum;
}
