import type { NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { toError } from '../events/error-codec.js';
import type { EventRegistry } from '../events/registry.js';
import { Delivery, type DeliveryParts, type Tried } from './delivery.js';
import { type FailedEvent, failedRecord, handlerError, ofSubscriber } from './failed-event.js';
import type { Journal } from './journal.js';
import { KeyedQueue } from './keyed-queue.js';
import type { FailedRecord } from './processing-rows.js';
import type { Subscriber, Subscribers } from './subscribers.js';

/** What deliveries are made of. */
export interface DeliveriesParts {
  readonly journal: Journal;
  readonly registry: EventRegistry;
  readonly subscribers: Subscribers;
  readonly workers: number;
}

/** What the bus does about deliveries. */
export interface DeliveriesEvents {
  publish(event: NewEvent): Promise<unknown>;
  /** An event is finished. */
  finished(): void;
  failed(event: FailedEvent): void;
}

/** Someone who waits until an event is processed. */
interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The events on their way through the subscribers, in order per key, and what became of them. */
export class Deliveries {
  readonly #parts: DeliveriesParts;
  readonly #events: DeliveriesEvents;
  readonly #queue: KeyedQueue<Delivery>;
  readonly #delivery: DeliveryParts;
  /** By position. */
  readonly #waiting = new Map<number, Waiter[]>();
  #stopped: Error | undefined;

  constructor(parts: DeliveriesParts, events: DeliveriesEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#queue = new KeyedQueue(
      parts.workers,
      (delivery) => this.#work(delivery),
      () => events.finished(),
    );
    this.#delivery = {
      subscribers: parts.subscribers,
      publish: (event) => events.publish(event),
      tried: (event, subscriber, tried) => this.#tried(event, subscriber, tried),
    };
  }

  /** Events that are not finished. */
  get size(): number {
    return this.#queue.size;
  }

  /** Takes the next event of the log. One that nobody hears of is finished at once. */
  take(event: DomainEvent): void {
    if (this.#parts.subscribers.of(event.type).length > 0) {
      this.#queue.add(this.#keyOf(event), new Delivery(event, this.#delivery));
      return;
    }
    this.#parts.journal.processing.finish(event.position);
    this.#settle(event.position, undefined);
    this.#events.finished();
  }

  /** Has a failed event tried again, behind what its key has waiting. @throws HandlerError when it fails again. */
  async retry(event: DomainEvent, previous: FailedRecord): Promise<void> {
    const tried = this.#wait(event.position);
    this.#queue.add(this.#keyOf(event), new Delivery(event, this.#delivery, previous));
    await tried;
    await this.#parts.journal.processing.flushed();
  }

  /** Resolves when an event is processed and that is noted. @throws HandlerError when it failed for good. */
  async untilProcessed(position: number): Promise<void> {
    const { processing } = this.#parts.journal;
    if (!processing.isFinished(position)) await this.#wait(position);
    else {
      const failed = processing.failure(position);
      if (failed) throw handlerError(ofSubscriber(failed));
    }
    await processing.flushed();
  }

  /** Calls nobody any more; whoever waits gets the error. What is under way ends by itself, and is not noted. */
  stop(error: Error): void {
    this.#stopped = error;
    this.#queue.stop();
    for (const position of [...this.#waiting.keys()]) this.#settle(position, error);
  }

  async #work(delivery: Delivery): Promise<number | undefined> {
    const { event, previous } = delivery;
    const marked = !previous && this.#parts.journal.processing.isFinished(event.position);
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
    processing.note({
      position: event.position,
      handler: subscriber.name,
      attempt,
      processedAt: Date.now(),
      milliseconds,
      outcome: failed ? 'failed' : 'done',
      result: undefined,
      error: failed ? toError(thrown) : undefined,
    });
  }

  #finish(delivery: Delivery): void {
    const { processing, counters } = this.#parts.journal;
    const { position } = delivery.event;
    let error: Error | undefined;
    if (delivery.failures.length > 0) {
      const record = failedRecord(delivery);
      processing.fail(record);
      counters.failed++;
      if (!delivery.previous) counters.unprocessed++;
      const failed = ofSubscriber(record);
      error = handlerError(failed);
      this.#events.failed(failed);
    } else if (delivery.previous) {
      processing.unfail(position);
      counters.unprocessed--;
    }
    processing.finish(position);
    this.#settle(position, error);
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

  /** The partition key, as on the lanes. */
  #keyOf({ type, data, aggregateId }: DomainEvent): string {
    try {
      return this.#parts.registry.find(type)?.partitionKey(data, aggregateId) ?? aggregateId;
    } catch {
      // A payload of an older version, stored before the type had a partition key: its aggregate keeps its order.
      return aggregateId;
    }
  }
}
