import { lateEnd } from './consumer.js';
import { LANES, type SettledLetter } from './dead-letter.js';
import { Progress } from './progress.js';
import type { Sqlite } from './sqlite.js';
import { ConsumerTable, isWholeChunk, isWholeConsumer, readConsumerRows } from './tables/consumer-table.js';

/** A handler that asked for old events: which of them, up to the last one, it is done with. */
interface LateProgress {
  readonly name: string;
  readonly last: number;
  readonly progress: Progress;
}

/** The handlers that asked for old events, of a file. Rows that are damaged are left out: others report them. */
function lateOf(database: Sqlite): readonly LateProgress[] {
  const rows = readConsumerRows(database);
  return rows.consumers.filter(isWholeConsumer).flatMap(({ name, mark }) => {
    const last = lateEnd(name);
    if (last === undefined) return [];
    const chunks = rows.chunks.filter((chunk) => chunk.consumer === name && isWholeChunk(chunk));
    return [{ name, last, progress: new Progress(mark, chunks) }];
  });
}

/**
 * Tells whether an event is finished for an owner of its dead letter. One that is no consumer of the log any more was
 * removed, and what it was to do with it is not known.
 */
export function finishedFor(
  database: Sqlite,
  lanes: Progress,
): (owner: string, position: number) => boolean | undefined {
  const all = new Map(lateOf(database).map((late) => [late.name, late]));
  return (owner, position) => {
    if (owner === LANES) return lanes.isFinished(position);
    const late = all.get(owner);
    return late && (position > late.last || late.progress.isFinished(position));
  };
}

/** Dead letters that were given up are finished for such handlers, too, if they are theirs. Inside the caller's transaction. */
export function finishLate(database: Sqlite, letters: readonly SettledLetter[]): void {
  const table = new ConsumerTable(database);
  for (const { name, progress } of lateOf(database)) {
    for (const { position, owners } of letters) if (owners.includes(name)) progress.finish(position);
    if (progress.changed)
      table.apply({ kind: 'update', name, progress: progress.take(), put: [], removed: [] });
  }
}
