import { STATE_PAGE } from './limits.js';
import { hasSnapshotTable, type SnapshotRow, snapshotPage, wholeSnapshot } from './snapshot-table.js';
import type { Sqlite } from './sqlite.js';
import type { Problems } from './verify-problems.js';
import type { EventPlace } from './verify-state.js';

/** Whether each snapshot is what was written, and is of an event of its aggregate that the log has. */
export function verifySnapshots(
  database: Sqlite,
  placeOf: (position: number) => EventPlace | undefined,
  problems: Problems,
): void {
  if (!hasSnapshotTable(database)) return;
  const page = snapshotPage(database);
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    // In one transaction with the events: an engine that has the file open may go on writing.
    const found = database.transaction(() => {
      const rows = page.all(after, STATE_PAGE) as SnapshotRow[];
      return rows.map((row) => [row, faultOf(row, placeOf)] as const);
    })();
    for (const [{ aggregate, position }, fault] of found) {
      if (fault === undefined) continue;
      problems.add('snapshot', `The snapshot of aggregate ${aggregate} ${fault}.`, position);
    }
    const last = found.at(-1)?.[0].aggregate;
    // Nothing more; or pages of a damaged file that lead back.
    if (last === undefined || last <= after) return;
    after = last;
  }
}

function faultOf(
  row: SnapshotRow,
  placeOf: (position: number) => EventPlace | undefined,
): string | undefined {
  const { aggregate, version, position } = row;
  if (!wholeSnapshot(row)) return 'is not what was written';
  const event = placeOf(position);
  if (!event) return `is newer than its events: the log has none at position ${position}`;
  // That a segment cannot be read was reported.
  if (event.aggregate === 0) return undefined;
  if (event.aggregate !== aggregate) return `is of position ${position}, an event of another aggregate`;
  if (event.version !== version)
    return `is of version ${version}, and the event at its position ${position} has version ${event.version}`;
  return undefined;
}
