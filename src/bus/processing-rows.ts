import type { WireError } from '../kernel/error-codec.js';

/** One try of one event: who, when, and with what outcome. */
export interface ProcessingEntry {
  /** 1-based number of the entry; later entries have higher ones. */
  readonly number: number;
  /** Position of the event. */
  readonly position: number;
  /** Name of the subscriber, or what `markProcessed` was told. */
  readonly handler: string;
  readonly attempt: number;
  /** Unix epoch milliseconds. */
  readonly processedAt: number;
  /** How long the subscriber took; undefined for what was marked by hand. */
  readonly milliseconds: number | undefined;
  readonly outcome: 'done' | 'failed';
  /** What `markProcessed` was given. */
  readonly result: unknown;
  readonly error: Error | undefined;
}

/** An entry before it has a number, encoded: it is written later, and says what was so when it was made. */
export interface NewEntry extends Omit<ProcessingEntry, 'number' | 'result' | 'error'> {
  readonly result: Uint8Array | undefined;
  readonly error: WireError | undefined;
}

/** A failed event as it lies in the file. */
export interface FailedRecord {
  readonly position: number;
  readonly id: string;
  readonly type: string;
  readonly aggregateId: string;
  readonly version: number;
  /** Names of the subscribers that failed. */
  readonly handlers: readonly string[];
  readonly attempts: number;
  /** Unix epoch milliseconds. */
  readonly firstFailedAt: number;
  readonly failedAt: number;
  readonly error: WireError;
}

/** Which rows to read: those above a number or position, and at most so many. */
export interface RowRange {
  readonly after: number;
  readonly limit: number;
}

/** The rows of the processing log and of the failed events, in a file or in memory. */
export interface ProcessingRows {
  add(entry: NewEntry): void;
  fail(record: FailedRecord): void;
  unfail(position: number): void;
  /** Entries of one event, or of all, in the order in which they were made. */
  entries(position: number | undefined, range: RowRange): ProcessingEntry[];
  failures(range: RowRange): FailedRecord[];
  failure(position: number): FailedRecord | undefined;
  readonly failedCount: number;
  /** Forgets the entries of events below a position. @returns how many. */
  dropEntries(before: number): number;
}
