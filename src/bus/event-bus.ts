import { checked, type DrainOptions } from '../engine/call-options.js';
import type { Engine } from '../engine/engine.js';
import type { ManyReceipt, PublishOptions, Receipt, Unsubscribe } from '../engine/options.js';
import type { Health } from '../engine/watch/health-status.js';
import type { DataOf, EventType, NewEvent } from '../events/define-event.js';
import { knownOptions, optionNames } from '../events/known-options.js';
import { EventRegistry } from '../events/registry.js';
import { checkOutside, endingFrom } from '../kernel/async-context.js';
import { checkFunction } from '../kernel/check.js';
import { EngineClosedError } from '../kernel/errors.js';
import { Listeners } from '../kernel/listeners.js';
import { onAbort } from '../kernel/on-abort.js';
import type { BusNotice } from './bus-notice.js';
import { BusRun } from './bus-run.js';
import { type BusStatistics, NO_STATISTICS, statisticsOf } from './bus-statistics.js';
import { FailedEvents } from './failed-events.js';
import { Journal } from './journal.js';
import {
  type BusHandler,
  type BusSubscribeOptions,
  type CheckedBusOptions,
  checkBusOptions,
  type EventBusOptions,
} from './options.js';
import { Subscribers } from './subscribers.js';

/** Where a bus gets its log from: it opens one of its own, or shares that of an event system. */
export interface JournalSource {
  acquire(): Promise<Journal>;
  release(journal: Journal): Promise<void>;
}

const STOP = optionNames<{ readonly signal?: AbortSignal }>('stop', { signal: true });

/**
 * Subscribers on the main thread, each event handled in the order of its key and tried again when it fails, on top of
 * an engine: handler modules run on its lanes, and everything that is published lies in its log. Make one with
 * `createEventBus`; begin with `start`, end with `stop` or `await using`.
 */
export class EventBus implements AsyncDisposable {
  /** The events with a handler whose retries are used up. */
  readonly failedEvents: FailedEvents;
  readonly #options: CheckedBusOptions;
  readonly #source: JournalSource;
  readonly #registry: EventRegistry;
  readonly #subscribers: Subscribers;
  /** Whoever listens for trouble must not make any. */
  readonly #notices = new Listeners<BusNotice>(() => this.#listenerErrors++);
  #listenerErrors = 0;
  #run: BusRun | undefined;
  #wanted: 'running' | 'stopped' = 'stopped';
  #changing: Promise<void> = Promise.resolve();
  /** Aborts when a stop must wait no more. */
  #leaving = new AbortController();
  #last: BusStatistics = NO_STATISTICS;

  /** @internal */
  constructor(options: CheckedBusOptions, source: JournalSource) {
    this.#options = options;
    this.#source = source;
    this.#registry = new EventRegistry(options.engine.events);
    this.#subscribers = new Subscribers(this.#registry, options.subscriberTimeoutMs);
    this.failedEvents = new FailedEvents((waits) => {
      if (waits !== undefined) checkOutside(this.#subscribers, waits);
      return this.#running();
    });
  }

  /**
   * Opens the log, and hands what is not processed yet to the subscribers, oldest first and before anything new.
   * Subscribe before: an event that nobody hears of counts as processed.
   *
   * @throws the errors of `openEngine`; ForeignStoreError when the processing record is of another log.
   */
  start(): Promise<void> {
    if (this.#wanted === 'stopped') this.#leaving = new AbortController();
    return this.#change('running', () => this.#start());
  }

  /**
   * Finishes what was accepted, retries included, and lets go of everything. When `signal` aborts, it waits no more:
   * what is left stays unprocessed, in a store until the next start, and the signals of the calls under way abort.
   * Without a signal it waits for a subscriber as long as that takes, and for the pauses of its retries. A second call is the same stop, and may bring a
   * signal to hurry it; `start` begins anew.
   *
   * @throws EngineFailedError when bus or engine had failed; everything is closed then, too. WaitsForItselfError to
   * a subscriber of the bus that awaits it: the stop goes on, and waits for that subscriber.
   */
  stop(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    // Not an async function: it would make a second promise of the refused one, which nobody has marked as cared for.
    return endingFrom(this.#subscribers, 'bus.stop()', () => this.#stopped(options));
  }

  async #stopped(options: { readonly signal?: AbortSignal }): Promise<void> {
    const { signal } = knownOptions(options, STOP);
    const leaving = this.#leaving;
    const stopped = this.#change('stopped', () => this.#stop(leaving.signal));
    const unlisten = onAbort(signal, () => leaving.abort());
    try {
      await stopped;
    } finally {
      unlisten();
    }
  }

  /**
   * Publishes one event and resolves with its place when it is durable, or at the stage named by `until`; `handled`
   * means by lanes and subscribers. Waits while the queue is full (see `whenFull`). Calls are taken in order.
   *
   * A subscriber must not wait for it, because the queue may be full of what that subscriber has to handle: it
   * publishes with its context instead.
   *
   * @throws as `engine.publish`; QueueFullError; with `until: 'handled'` HandlerError when a handler failed for good.
   */
  async publish(event: NewEvent, options: PublishOptions = {}): Promise<Receipt> {
    const known = checked.publish(options);
    this.#checkWait('publish', known);
    return this.#taking().publish(event, known);
  }

  /**
   * Publishes many events in order, and waits whenever the queue is full. Resolves when all are durable; with
   * `until: 'handled'` when they, what was published before them and what all that led to are processed.
   *
   * @throws as `publish`; events before the refused one stay published.
   */
  async publishBatch(
    events: Iterable<NewEvent> | AsyncIterable<NewEvent>,
    options: PublishOptions = {},
  ): Promise<ManyReceipt> {
    const known = checked.publish(options);
    this.#checkWait('publishBatch', known);
    return this.#taking().publishBatch(events, known);
  }

  /**
   * Calls `handler` on the main thread for each event of a type, or of the types whose names match a pattern: `*` is
   * any text within a segment of a name, `**` any segments. Events of one key come one at a time and in order, also while one is being retried; those of other keys
   * go on. Subscribers of an event are called one after the other, and what one throws touches no other.
   *
   * @returns the subscription's id, for `unsubscribe`.
   * @throws UnknownEventTypeError, InvalidOptionError, TooManySubscriptionsError
   */
  subscribe<Type extends EventType>(
    eventType: Type,
    handler: BusHandler<DataOf<Type>, Type['type']>,
    options?: BusSubscribeOptions,
  ): string;
  subscribe(pattern: string, handler: BusHandler, options?: BusSubscribeOptions): string;
  subscribe(
    pattern: string | EventType,
    handler: BusHandler<never, never>,
    options: BusSubscribeOptions = {},
  ): string {
    return this.#subscribers.add(typeof pattern === 'string' ? pattern : pattern?.type, handler, options);
  }

  /** Ends a subscription: its handler is not called again. @returns whether there was one. */
  unsubscribe(id: string): boolean {
    return this.#subscribers.remove(id);
  }

  /** Tells `listener` what the owner of a bus may want to know: how full it is, which events failed. @throws InvalidOptionError */
  onNotice(listener: (notice: BusNotice) => void): Unsubscribe {
    checkFunction('onNotice', 'the listener', listener);
    // A function of its own, so that a listener that is added twice is called twice.
    const unsubscribe = this.#notices.add((notice) => listener(notice));
    return { unsubscribe, [Symbol.dispose]: unsubscribe };
  }

  /**
   * Resolves when everything published before the call, and everything it led to, is processed: others may go on
   * publishing meanwhile. Subscribers that never end keep it waiting; see `timeoutMs`.
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { signal } = checked.drain(options);
    signal?.throwIfAborted();
    checkOutside(this.#subscribers, 'bus.drain()');
    await this.#running().drain(signal);
  }

  /** What the bus did since its log was opened; after `stop`, what it had done by then. */
  statistics(): BusStatistics {
    return this.#run ? statisticsOf(this.#run, this.#options, this.#listenerErrors) : this.#last;
  }

  /**
   * Whether bus and engine work, and what somebody should look at: as `engine.health()`, which knows of the bus's
   * subscribers, too. Subscribers that have been under way for long are named, and so is what waits behind them.
   */
  health(): Health {
    return this.engine.health();
  }

  /** The engine under the bus, for everything else: reading, appending, broadcasting, health, recovering. */
  get engine(): Engine {
    return this.#running().journal.engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** A subscriber would wait for its own end. */
  #checkWait(call: string, { until }: PublishOptions): void {
    if (until === 'handled') checkOutside(this.#subscribers, `bus.${call}(…, { until: 'handled' })`);
  }

  /** Starts and stops one after the other, in the order of the calls. */
  #change(wanted: 'running' | 'stopped', work: () => Promise<void>): Promise<void> {
    if (this.#wanted === wanted) return this.#changing;
    this.#wanted = wanted;
    const before = this.#changing;
    this.#changing = before.catch(() => {}).then(work);
    return this.#changing;
  }

  async #start(): Promise<void> {
    try {
      const journal = await this.#source.acquire();
      this.#run = new BusRun({
        ...this.#options,
        journal,
        registry: this.#registry,
        subscribers: this.#subscribers,
        notices: this.#notices,
      });
    } catch (error) {
      // Nothing was opened, so there is nothing to stop, and another start may try again.
      if (this.#wanted === 'running') {
        this.#wanted = 'stopped';
        this.#changing = Promise.resolve();
      }
      throw error;
    }
  }

  async #stop(signal: AbortSignal): Promise<void> {
    const run = this.#run;
    if (!run) return;
    const outcomes = await Promise.allSettled([run.stop(signal)]);
    this.#last = { ...statisticsOf(run, this.#options, this.#listenerErrors), workerCount: 0, threads: 0 };
    this.#run = undefined;
    outcomes.push(...(await Promise.allSettled([this.#source.release(run.journal)])));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** The run, if it takes events: not any more once `stop` was called. */
  #taking(): BusRun {
    const run = this.#running();
    if (this.#wanted === 'running') return run;
    throw new EngineClosedError('The event bus is stopping. Start it again before publishing.');
  }

  #running(): BusRun {
    if (this.#run) return this.#run;
    throw new EngineClosedError('The event bus is not running. Call start() first.');
  }
}

/**
 * Makes an event bus: publish and subscribe in one process, in memory or with a store. It does nothing until `start`.
 *
 * @throws InvalidOptionError
 */
export function createEventBus(options: EventBusOptions): EventBus {
  const checked = checkBusOptions(options);
  return new EventBus(checked, {
    acquire: () => Journal.open(checked.engine),
    release: (journal) => journal.close(),
  });
}
