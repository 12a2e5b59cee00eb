import { lastFor, type StoredConsumer } from './consumer.js';
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

/** @param last the last position of the log. */
export function consumerLag({ name, progress, failures }: StoredConsumer, last: number): ConsumerLag {
  const parked = failures.filter(({ state }) => state === 'parked').length;
  return {
    name,
    position: progress.mark,
    lag: Math.max(0, lastFor(name, last) - countFinished(progress)),
    parked,
    skipped: failures.length - parked,
  };
}
