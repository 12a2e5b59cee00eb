import { lateEnd } from './consumer.js';
import { ConsumerTable, isWholeChunk, isWholeConsumer, readConsumerRows } from './consumer-table.js';
import { Progress } from './progress.js';
import type { Sqlite } from './sqlite.js';

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

/** Tells whether a finished event is left to a handler that asked for old ones, so that it may be parked. */
export function leftToLate(database: Sqlite): (position: number) => boolean {
  const all = lateOf(database);
  return (position) => all.some(({ last, progress }) => position <= last && !progress.isFinished(position));
}

/** Events that were given up need no such handler either. Inside the caller's transaction. */
export function finishLate(database: Sqlite, positions: readonly number[]): void {
  const table = new ConsumerTable(database);
  for (const { name, last, progress } of lateOf(database)) {
    for (const position of positions) if (position <= last) progress.finish(position);
    table.apply({ kind: 'update', name, progress: progress.take(), put: [], removed: positions });
  }
}
