import type { WireError } from '../kernel/error-codec.js';
import type { ProgressChange } from './progress.js';

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
    };
