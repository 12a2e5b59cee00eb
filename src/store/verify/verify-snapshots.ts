import { STATE_PAGE } from '../limits.js';
import type { Sqlite } from '../sqlite.js';
import { hasSnapshotTable, type SnapshotRow, snapshotPage, wholeSnapshot } from '../tables/snapshot-table.js';
import type { Problems } from './verify-problems.js';
import type { EventPlace } from './verify-state.js';

/** Whether each snapshot is what was written, and is of an event of its aggregate that the log has. */
export function verifySnapshots(
  database: Sqlite,
  placeOf: (position: number) => EventPlace | undefined,
  problems: Problems,
): void {
  if (!hasSnapshotTable(database)) return;
  const add = (aggregate: number, position: number, fault: string) =>
    problems.add('snapshot', `The snapshot of aggregate ${aggregate} ${fault}.`, position);
  const page = snapshotPage(database);
  const found = new Places();
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const rows = page.all(after, STATE_PAGE) as SnapshotRow[];
    for (const row of rows) {
      if (wholeSnapshot(row)) found.add(row.aggregate, row.version, row.position);
      else add(row.aggregate, row.position, 'is not what was written');
    }
    const last = rows.at(-1)?.aggregate;
    // Nothing more; or pages of a damaged file that lead back.
    if (last === undefined || last <= after) break;
    after = last;
  }
  // Their events were there before them, so it is no matter that an engine may go on writing.
  for (const [aggregate, version, position] of found.inOrder()) {
    const fault = faultOf(aggregate, version, position, placeOf(position));
    if (fault !== undefined) add(aggregate, position, fault);
  }
}

function faultOf(
  aggregate: number,
  version: number,
  position: number,
  event: EventPlace | undefined,
): string | undefined {
  if (!event) return `is newer than its events: the log has none at position ${position}`;
  // That a segment cannot be read was reported.
  if (event.aggregate === 0) return undefined;
  if (event.aggregate !== aggregate) return `is of position ${position}, an event of another aggregate`;
  if (event.version !== version)
    return `is of version ${version}, and the event at its position ${position} has version ${event.version}`;
  return undefined;
}

/** Which events the snapshots are of; in the order of the log, so that each of its segments is read once. */
class Places {
  #numbers = new Float64Array(3 * 1024);
  #count = 0;

  add(aggregate: number, version: number, position: number): void {
    if (3 * this.#count === this.#numbers.length) {
      const larger = new Float64Array(2 * this.#numbers.length);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers.set([aggregate, version, position], 3 * this.#count++);
  }

  *inOrder(): Generator<readonly [aggregate: number, version: number, position: number]> {
    const numbers = this.#numbers;
    const at = (index: number) => numbers[index] as number;
    const order = new Uint32Array(this.#count).map((_, index) => 3 * index);
    order.sort((a, b) => at(a + 2) - at(b + 2));
    for (const start of order) yield [at(start), at(start + 1), at(start + 2)];
  }
}
