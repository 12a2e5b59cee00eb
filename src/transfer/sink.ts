import type { StoredType } from '../events/registry.js';
import type { EventRecord } from '../store/sql/event-columns.js';

/** Where an export is written to: a new file that has its name only when it is whole. */
export interface Sink {
  /** Takes some events, in their order. */
  write(records: readonly EventRecord[]): Promise<void>;
  /** Everything has been written: the file is made whole and closed. */
  finish(): Promise<void>;
  /** Closes the file, whatever is in it; after `finish` it does nothing. */
  abandon(): Promise<void>;
}

/** What a sink is told of the log. */
export interface SinkOptions {
  /** Where nothing is yet. */
  readonly path: string;
  /** The store, as the export names it. */
  readonly store: string;
  readonly types: readonly StoredType[];
}

/** What every row of an export says besides `EVENT_COLUMNS`, and how a line of JSON is known as one of ours. */
export const EXPORT_FORMAT = 1;
