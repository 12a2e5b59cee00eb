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

/** An entry as it is stored: encoded, so that it says what was so when it was made. */
export interface EncodedEntry extends Omit<ProcessingEntry, 'result' | 'error'> {
  readonly result: Uint8Array | undefined;
  readonly error: WireError | undefined;
}

/** A failed event of an event bus as it lies in the store. */
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

/** Entries to be forgotten: of events below a position, up to an entry's number. */
export interface DroppedEntries {
  readonly before: number;
  readonly upTo: number;
}

/**
 * A change of what an event bus has noted. Applying changes once more, in their order, changes nothing: after a failure
 * those that may be stored or not are sent again.
 */
export type ProcessingChange =
  | { readonly kind: 'entry'; readonly entry: EncodedEntry }
  | { readonly kind: 'fail'; readonly record: FailedRecord }
  | { readonly kind: 'unfail'; readonly position: number }
  | ({ readonly kind: 'drop' } & DroppedEntries);

/** Which rows to read: those above a number or position, and at most so many. */
export interface RowRange {
  readonly after: number;
  readonly limit: number;
}

/** What a store knows of an event bus: the tries of its subscribers, and the events that they failed on. */
export interface StoredProcessing {
  /** The highest number of an entry; 0 when there is none. */
  readonly lastNumber: number;
  readonly failedCount: number;
  /** Entries of one event, or of all, in the order in which they were made. */
  entries(position: number | undefined, range: RowRange): ProcessingEntry[];
  /** How many entries there are of events below a position, less those that are dropped already. */
  countEntries(before: number, dropped: readonly DroppedEntries[]): number;
  failures(range: RowRange): FailedRecord[];
  failure(position: number): FailedRecord | undefined;
}

export function isDropped(
  { position, number }: Pick<ProcessingEntry, 'position' | 'number'>,
  dropped: readonly DroppedEntries[],
): boolean {
  return dropped.some(({ before, upTo }) => position < before && number <= upTo);
}
