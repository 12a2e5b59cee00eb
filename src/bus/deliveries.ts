import type { NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { EventRegistry } from '../events/registry.js';
import { encodeError, toError } from '../kernel/error-codec.js';
import type { FailedRecord } from '../store/processing.js';
import { Calls } from './call.js';
import { Delivery, type DeliveryParts, type Tried } from './delivery.js';
import { type FailedEvent, failedRecord, handlerError, ofSubscriber } from './failed-event.js';
import { HeldBack } from './held-back.js';
import type { Journal } from './journal.js';
import { KeyedQueue } from './keyed-queue.js';
import { MAX_HELD_BACK, MEMORY_HELD_BACK_QUEUES, REFILL_BELOW, SHED_SHARE } from './limits.js';
import type { BusWork } from './processing.js';
import { Refill } from './refill.js';
import type { Subscriber, Subscribers } from './subscribers.js';

/** What deliveries are made of. */
export interface DeliveriesParts {
  readonly journal: Journal;
  readonly registry: EventRegistry;
  readonly subscribers: Subscribers;
  readonly workers: number;
  readonly maxQueueSize: number;
}

/** What the bus does about deliveries. */
export interface DeliveriesEvents {
  publish(event: NewEvent, cause: DomainEvent): Promise<unknown>;
  /** An event is finished. */
  finished(): void;
  /** A worker is free, so that room may be made for other keys. */
  starved(): void;
  failed(event: FailedEvent): void;
  /** Events that were held back cannot be read any more. */
  broken(error: Error): void;
}

/** Someone who waits until an event is processed. */
interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The events on their way through the subscribers, in order per key, and what became of them.
 *
 * When the queue is full while a worker is free, what fills it waits behind other events of its key. Then every key
 * gives the newer half of its events back to the log and lets what follows stay there, so that the queue has room for
 * keys that can go on; it gets them back when it has few left.
 */
export class Deliveries {
  /** The events that wait outside the queue. */
  readonly held = new HeldBack();
  /** Calls of subscribers that are under way. */
  readonly calls = new Calls();
  readonly #parts: DeliveriesParts;
  readonly #events: DeliveriesEvents;
  readonly #queue: KeyedQueue<Delivery>;
  readonly #refill: Refill;
  /** Whether what is held back stays in memory: a log there may forget it. */
  readonly #isInMemory: boolean;
  readonly #delivery: DeliveryParts;
  /** By position. */
  readonly #waiting = new Map<number, Waiter[]>();
  #stopped: Error | undefined;

  constructor(parts: DeliveriesParts, events: DeliveriesEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#isInMemory = parts.journal.isInMemory;
    this.#queue = new KeyedQueue(parts.workers, (delivery) => this.#work(delivery), {
      done: (key, left) => this.#done(key, left),
      starved: () => events.starved(),
    });
    this.#delivery = {
      calls: this.calls,
      subscribers: parts.subscribers,
      publish: (event, cause) => events.publish(event, cause),
      tried: (event, subscriber, tried) => this.#tried(event, subscriber, tried),
    };
    this.#refill = new Refill(parts.journal, this.held, {
      load: (key, event) => this.#queue.add(key, new Delivery(event, this.#delivery)),
      room: () => parts.maxQueueSize - this.#queue.size,
      failed: (error) => events.broken(error),
    });
  }

  /** Events in the queue. */
  get size(): number {
    return this.#queue.size;
  }

  /** Keys whose first event waits for its retry. */
  get retrying(): number {
    return this.#queue.pausing;
  }

  /** What the bus has done since its log was opened, as a consumer says it. */
  get work(): BusWork {
    const { handled, failedCalls: failed, retried, givenUp: skipped } = this.#parts.journal.counters;
    return { handled, failed, retried, skipped, inFlight: this.calls.size };
  }

  /** Takes the next event of the log, if there is room. One that nobody hears of is finished at once. */
  offer(event: DomainEvent): boolean {
    if (this.#parts.subscribers.of(event.type).length === 0) {
      this.#parts.journal.processing.finish(event.position);
      this.#settle(event.position, undefined);
      this.#events.finished();
      return true;
    }
    const key = event.key;
    if (this.#queue.size >= this.#parts.maxQueueSize && !this.held.has(key)) this.makeRoom();
    if (this.held.has(key)) {
      if (this.held.size >= this.#mostHeld) return false;
      this.held.push(key, this.#isInMemory ? event : event.position);
      return true;
    }
    if (this.#queue.size >= this.#parts.maxQueueSize) return false;
    this.#queue.add(key, new Delivery(event, this.#delivery));
    return true;
  }

  /** Takes events out of the queue that wait in vain there. */
  makeRoom(): void {
    if (!this.#queue.isStarved) return;
    const behind = this.#queue.size - this.#queue.keys;
    if (behind < Math.max(1, this.#parts.maxQueueSize * SHED_SHARE)) return;
    this.#queue.shed(
      // What is being fetched comes before what would be put in front of it here.
      (key) => !this.held.isFetching(key),
      (key, deliveries) => this.#holdBack(key, deliveries),
    );
  }

  /** Whether a key of a bus in memory holds back as many events as there is room for others. */
  isOverShare(key: string): boolean {
    if (!this.#isInMemory) return false;
    return this.held.sizeOf(key) >= Math.max(1, this.#parts.maxQueueSize - this.held.size);
  }

  /** Goes on with what is held back, after a failure of the engine. */
  wake(): void {
    this.#refill.wake();
  }

  /** Has a failed event tried again, behind what its key has waiting. @throws HandlerError when it fails again. */
  async retry(event: DomainEvent, previous: FailedRecord): Promise<void> {
    const tried = this.#wait(event.position);
    this.#queue.add(event.key, new Delivery(event, this.#delivery, previous));
    await tried;
    await this.#parts.journal.processing.flushed();
  }

  /** Resolves when an event is processed and that is noted. @throws HandlerError when it failed for good. */
  async untilProcessed(position: number): Promise<void> {
    const { processing } = this.#parts.journal;
    if (!processing.isFinished(position)) await this.#wait(position);
    else {
      const failed = await processing.failure(position);
      if (failed) throw handlerError(ofSubscriber(failed));
    }
    await processing.flushed();
  }

  /** Calls nobody any more; whoever waits gets the error. What is under way ends by itself, and is not noted. */
  stop(error: Error): void {
    this.#stopped = error;
    this.#queue.stop();
    this.#refill.stop();
    this.calls.abort(error);
    for (const position of [...this.#waiting.keys()]) this.#settle(position, error);
  }

  get #mostHeld(): number {
    return this.#isInMemory ? this.#parts.maxQueueSize * MEMORY_HELD_BACK_QUEUES : MAX_HELD_BACK;
  }

  /** A retry of a failed event stays: somebody waits for it, and it has been tried. */
  #holdBack(key: string, deliveries: readonly Delivery[]): void {
    const entries = deliveries
      .filter(({ previous }) => !previous)
      .map(({ event }) => (this.#isInMemory ? event : event.position));
    if (entries.length > 0) this.held.unshift(key, entries);
    for (const delivery of deliveries) if (delivery.previous) this.#queue.add(key, delivery);
  }

  #done(key: string, left: number): void {
    if (left <= REFILL_BELOW && this.held.has(key)) this.#refill.want(key);
    this.#events.finished();
  }

  async #work(delivery: Delivery): Promise<number | undefined> {
    const { event, previous } = delivery;
    const { processing } = this.#parts.journal;
    // A disk that cannot keep up is waited for. When the engine fails meanwhile, that is told elsewhere.
    if (processing.isFull) await processing.flushed().catch(() => {});
    const marked = !previous && processing.isFinished(event.position);
    const pause = marked ? undefined : await delivery.run();
    if (pause === undefined && !this.#stopped) this.#finish(delivery);
    return pause;
  }

  #tried(event: DomainEvent, subscriber: Subscriber, { attempt, milliseconds, failed, thrown }: Tried): void {
    if (this.#stopped) return;
    const { counters, processing } = this.#parts.journal;
    counters.calls++;
    counters.milliseconds += milliseconds;
    if (attempt > 1) counters.retried++;
    if (failed) counters.failedCalls++;
    processing.note({
      position: event.position,
      handler: subscriber.name,
      attempt,
      processedAt: Date.now(),
      milliseconds,
      outcome: failed ? 'failed' : 'done',
      result: undefined,
      error: failed ? encodeError(toError(thrown)) : undefined,
    });
  }

  #finish(delivery: Delivery): void {
    const { processing, counters } = this.#parts.journal;
    const { previous, unheard } = delivery;
    const { position } = delivery.event;
    let error: Error | undefined;
    if (delivery.failures.length > 0) {
      const record = failedRecord(delivery);
      processing.fail(record);
      counters.failed++;
      counters.givenUp++;
      if (!previous) counters.unprocessed++;
      const failed = ofSubscriber(record);
      error = handlerError(failed);
      this.#events.failed(failed);
    } else if (previous && unheard.length > 0) {
      processing.fail({ ...previous, handlers: unheard });
    } else {
      counters.handled++;
      if (previous) {
        processing.unfail(position);
        counters.unprocessed--;
      }
    }
    processing.finish(position);
    this.#settle(position, error);
  }

  /** The key that an event will have, as far as its publisher's data says; of a bus with a store nobody asks. */
  keyOfNew({ type, data }: NewEvent): string | undefined {
    const definition = this.#isInMemory ? this.#parts.registry.find(type)?.definition : undefined;
    try {
      return definition && String((definition.partitionKey ?? definition.aggregateId)(data as never));
    } catch {
      // What is wrong with it is found when it is published.
      return undefined;
    }
  }

  #wait(position: number): Promise<void> {
    if (this.#stopped) return Promise.reject(this.#stopped);
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      const others = this.#waiting.get(position);
      if (others) others.push(waiter);
      else this.#waiting.set(position, [waiter]);
    });
  }

  #settle(position: number, error: Error | undefined): void {
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting.get(position) ?? [];
    this.#waiting.delete(position);
    for (const { resolve, reject } of waiting) {
      if (error) reject(error);
      else resolve();
    }
  }
}
