import { lastFor, type StoredConsumer } from './consumer.js';
import type { LetterCount } from './dead-letter.js';
import { countFinished } from './progress-span.js';

/** How far a consumer is. */
export interface ConsumerLag {
  readonly name: string;
  readonly position: number;
  /** The events that it is not done with, failed and parked ones included. */
  readonly lag: number;
  readonly parked: number;
  readonly skipped: number;
}

/** What a log tells of its consumers. */
export interface ConsumedStore {
  consumers(): readonly StoredConsumer[];
  /** Dead letters of handlers that came later, by the names of their consumers. */
  lateLetters(): ReadonlyMap<string, LetterCount>;
}

/** How far each consumer of a log is, by name. @param lastPosition of the log. */
export function consumerLags(store: ConsumedStore, lastPosition: number): readonly ConsumerLag[] {
  // What a handler that came later failed on is a dead letter.
  const letters = store.lateLetters();
  return store.consumers().map(({ name, progress, failures }) => {
    const ownParked = failures.filter(({ state }) => state === 'parked').length;
    const own = { parked: ownParked, skipped: failures.length - ownParked };
    const { parked, skipped } = letters.get(name) ?? own;
    const last = lastFor(name, lastPosition);
    return {
      name,
      position: Math.min(progress.mark, last),
      lag: Math.max(0, last - countFinished(progress)),
      parked,
      skipped,
    };
  });
}
