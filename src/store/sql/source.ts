import type { ConsumedStore } from '../consumer-lag.js';
import type { EventReader } from '../store.js';

/** A log as SQL and exports read it; `SqliteReader` is one. */
export interface LogReader extends EventReader, Pick<ConsumedStore, 'lateLetters'> {
  readonly path: string;
  /** Calls back with the columns of every segment. */
  columns(
    take: (
      segment: { readonly first: number; readonly count: number },
      columns: { readonly aggregate: ArrayLike<number>; readonly type: ArrayLike<number> },
    ) => void,
  ): void;
}

/** The log that a statement is about. */
export interface SqlSource {
  readonly reader: LogReader;
  readonly run: string;
  /** The last position of the log when the statement began: what comes later is not part of its answer. */
  readonly last: number;
}

/** Cells of a row before they are SQLite's. */
export type SqlCells = readonly (string | number | null | undefined)[];
