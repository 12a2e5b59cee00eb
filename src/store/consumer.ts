import type { WireError } from '../kernel/error-codec.js';
import type { ProcessingChange } from './processing.js';
import type { ProgressChange } from './progress.js';

/** What names begin with that are Millrace's own: no `consumers.start` takes them. */
export const OWN_CONSUMERS = 'millrace:';

/** The consumer that is the log's event bus: which events its subscribers have processed. */
export const BUS_CONSUMER = `${OWN_CONSUMERS}bus`;

/** What the names of consumers begin with that are handlers which asked for old events; see `lateName`. */
const LATE = `${OWN_CONSUMERS}handler/`;

/** The consumer that is a module's handlers of a type, as far as old events are concerned: those up to `last`. */
export function lateName(type: string, module: string, last: number): string {
  return `${LATE}${type}/${module}@${last}`;
}

/** Whether it is that consumer, wherever its old events end. */
export function isLate(name: string, type: string, module: string): boolean {
  return name === lateName(type, module, lateEnd(name) ?? 0);
}

/** Where the old events of such a consumer end; undefined for every other one, which follows the log for ever. */
export function lateEnd(name: string): number | undefined {
  return name.startsWith(LATE) ? Number(name.slice(name.lastIndexOf('@') + 1)) : undefined;
}

/** The module of such a consumer; no event type has a slash in its name. */
export function lateModule(name: string): string {
  return name.slice(name.indexOf('/', LATE.length) + 1, name.lastIndexOf('@'));
}

/** The last event that concerns a consumer, of a log that ends at `last`. */
export function lastFor(name: string, last: number): number {
  return Math.min(last, lateEnd(name) ?? last);
}

/** `parked`: the key's later events wait behind it. `skipped`: the key went on. */
export type ConsumerFailureState = 'parked' | 'skipped';

/** An event that a consumer failed on for good, as it lies in the store. */
export interface ConsumerFailureRecord {
  /** Position of the failed event. */
  readonly position: number;
  /** Number of the partition key's name. */
  readonly key: number;
  readonly state: ConsumerFailureState;
  readonly attempts: number;
  /** Unix epoch milliseconds. */
  readonly failedAt: number;
  readonly error: WireError;
}

/** What a store knows of a consumer. */
export interface StoredConsumer {
  readonly name: string;
  /** Which positions it is done with. */
  readonly progress: ProgressChange;
  /** In position order. */
  readonly failures: readonly ConsumerFailureRecord[];
}

/**
 * What a transaction changes of one consumer. `update`: adds to what is stored. `reset`: takes the place of all that is
 * stored. `remove`: forgets the consumer. Failures are first removed, by position, then put.
 */
export type ConsumerChange =
  | { readonly kind: 'remove'; readonly name: string }
  | {
      readonly kind: 'update' | 'reset';
      readonly name: string;
      readonly progress: ProgressChange;
      readonly put: readonly ConsumerFailureRecord[];
      readonly removed: readonly number[];
      /** Of the event bus only: what it noted besides. */
      readonly processing?: readonly ProcessingChange[];
    };
