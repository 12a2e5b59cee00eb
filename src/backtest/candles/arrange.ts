import { orderFault } from './candle-rows.js';
import type { TimeFault } from './time-column.js';

/** The order in which rows are to be taken, as their indices, and what had to be done for it. */
export interface Arrangement {
  readonly order: readonly number[];
  readonly newestFirst: boolean;
  /** Rows earlier than one before them. */
  readonly disordered: number;
  /** Rows left out because a later row has the same time. */
  readonly duplicates: number;
}

/**
 * Rows from old to new. A file that goes from new to old all the way is turned round; two rows that fall are a mistake,
 * from three on it is an order.
 *
 * @param mends whether what is out of order is sorted, and what is doubled left out. Otherwise it is a fault.
 */
export function arrange(times: readonly number[], mends: boolean): Arrangement | TimeFault {
  const falls = times.filter((time, row) => row > 0 && time < (times[row - 1] as number)).length;
  const rises = times.filter((time, row) => row > 0 && time > (times[row - 1] as number)).length;
  const newestFirst = times.length > 2 && (mends ? falls > rises : falls === times.length - 1);
  const order = times.map((_, row) => (newestFirst ? times.length - 1 - row : row));
  if (!mends) {
    for (let row = 1; row < times.length && !newestFirst; row++) {
      const fault = orderFault(times[row - 1] as number, times[row] as number);
      if (fault) return { row, fault };
    }
    return { order, newestFirst, disordered: 0, duplicates: 0 };
  }
  const timeOf = (row: number) => times[row] as number;
  let latest = Number.NEGATIVE_INFINITY;
  let disordered = 0;
  for (const row of order) {
    if (timeOf(row) < latest) disordered++;
    latest = Math.max(latest, timeOf(row));
  }
  // Sorting is stable, so of rows of one time the last in the file comes last.
  const sorted = disordered > 0 ? order.sort((a, b) => timeOf(a) - timeOf(b)) : order;
  const single = sorted.filter((row, index) => timeOf(row) !== times[sorted[index + 1] ?? -1]);
  return { order: single, newestFirst, disordered, duplicates: sorted.length - single.length };
}
