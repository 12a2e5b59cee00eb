import { knownOptions, optionNames } from '../events/known-options.js';
import { EventBus } from './event-bus.js';
import { EventStorage } from './event-storage.js';
import { Journal } from './journal.js';
import { checkBusOptions, type EventBusOptions } from './options.js';

/** A bus and a storage on one log. */
export interface EventSystem extends AsyncDisposable {
  /** What is stored is also published: the bus hands it to its subscribers, and notes it as processed. */
  readonly bus: EventBus;
  readonly storage: EventStorage;
  /** Starts the bus: subscribe before. */
  start(): Promise<void>;
  /** Stops the bus and closes the storage, for good. As `bus.stop`. */
  stop(options?: { readonly signal?: AbortSignal }): Promise<void>;
}

const STOP = optionNames<{ readonly signal?: AbortSignal }>('stop', { signal: true });

/**
 * Opens a bus and a storage on one log. The storage can be used at once; the bus waits for `start`.
 *
 * @throws the errors of `createEventBus` and `createEventStorage`.
 */
export async function createEventSystem(options: EventBusOptions): Promise<EventSystem> {
  const checked = checkBusOptions(options);
  const journal = await Journal.open(checked.engine);
  // The log is the system's: it outlives a bus that is stopped and started again.
  const bus = new EventBus(checked, { acquire: async () => journal, release: async () => {} });
  const storage = new EventStorage(journal);
  const stop = async (options: { readonly signal?: AbortSignal } = {}) => {
    const { signal } = knownOptions(options, STOP);
    const outcomes = [
      ...(await Promise.allSettled([bus.stop({ ...(signal && { signal }) })])),
      ...(await Promise.allSettled([journal.close()])),
    ];
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  };
  return { bus, storage, start: () => bus.start(), stop, [Symbol.asyncDispose]: () => stop() };
}
