import { Admission } from '../engine/admission.js';
import type { Listeners, Notice } from '../engine/notices.js';
import type { ManyReceipt, PublishOptions, Receipt, Until } from '../engine/options.js';
import { Pressure } from '../engine/pressure.js';
import type { NewEvent } from '../events/define-event.js';
import {
  EngineClosedError,
  EngineFailedError,
  InvalidOptionError,
  QueueFullError,
} from '../events/errors.js';
import { unlessAborted } from '../events/on-abort.js';
import type { EventRegistry } from '../events/registry.js';
import { Backlog } from './backlog.js';
import type { BusNotice } from './bus-notice.js';
import { Deliveries } from './deliveries.js';
import { Feed } from './feed.js';
import type { Journal } from './journal.js';
import type { CheckedBusOptions } from './options.js';
import type { Subscribers } from './subscribers.js';

/** What a run of a bus is made of. */
export interface BusRunParts extends Omit<CheckedBusOptions, 'engine'> {
  readonly journal: Journal;
  readonly registry: EventRegistry;
  readonly subscribers: Subscribers;
  readonly notices: Listeners<BusNotice>;
}

/** A bus from its start to its stop. */
export class BusRun {
  readonly journal: Journal;
  readonly #parts: BusRunParts;
  readonly #deliveries: Deliveries;
  readonly #feed: Feed;
  readonly #backlog: Backlog;
  readonly #admission: Admission;
  readonly #relayed: Disposable;
  /** Positions of failed events that are being tried again. */
  readonly #retrying = new Set<number>();
  readonly #pressure: Pressure;
  /** Whether the engine has warned of its own fill. */
  #engineHigh = false;
  #looking = false;
  /** Why nothing new is taken. */
  #closed: Error | undefined;
  #failure: Error | undefined;
  /** Who waits until there is nothing left to do. */
  #idle: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(parts: BusRunParts) {
    const { journal, notices, maxQueueSize } = parts;
    this.journal = journal;
    this.#parts = parts;
    this.#backlog = new Backlog(journal);
    this.#admission = new Admission(() => this.#backlog.size < maxQueueSize);
    this.#pressure = new Pressure(
      // The engine's own fill is one half of the bus's.
      () => (this.#engineHigh ? 1 : this.#backlog.size / maxQueueSize),
      (kind) => notices.send({ kind, queueSize: this.queueSize, maxQueueSize }),
    );
    this.#deliveries = new Deliveries(parts, {
      // Past the bus's own queue: a handler that waited for room there could wait for itself.
      publish: (event) => journal.engine.publish(event),
      finished: () => this.#finished(),
      failed: (event) => notices.send({ kind: 'failed-event', event }),
    });
    this.#relayed = journal.engine.onNotice((notice) => this.#relay(notice));
    journal.processing.onFailure = (error) => this.#fail(error);
    this.#feed = new Feed(journal, {
      hasRoom: () => this.#deliveries.size < maxQueueSize,
      heard: (position) => this.#backlog.durable(position),
      take: (event) => this.#deliveries.take(event),
      failed: (error) => this.#fail(error),
    });
  }

  /** Events that wait for lanes, and durable ones that wait for subscribers. */
  get queueSize(): number {
    return this.journal.engine.stats().inFlight + this.journal.behind;
  }

  publish(event: NewEvent, { until = 'durable', signal }: PublishOptions): Promise<Receipt> {
    return this.#enter(() => this.#send(event, until, signal), signal);
  }

  async publishBatch(
    events: Iterable<NewEvent> | AsyncIterable<NewEvent>,
    { until = 'durable', signal }: PublishOptions,
  ): Promise<ManyReceipt> {
    const options = { until: until === 'handled' ? 'durable' : until, ...(signal && { signal }) } as const;
    const receipt = await this.#published(
      this.journal.engine.publishMany(this.#paced(events, signal), options),
    );
    if (until === 'handled') await this.drain(signal);
    return receipt;
  }

  /** Tries a failed event of subscribers again. Resolves with false when there is none at that position. */
  async retry(position: number): Promise<boolean> {
    this.#check();
    const record = this.journal.processing.failure(position);
    if (!record || this.#retrying.has(position)) return false;
    const hears = ({ name }: { readonly name: string }) => record.handlers.includes(name);
    if (!this.#parts.subscribers.of(record.type).some(hears)) {
      throw new InvalidOptionError(
        `No subscriber named ${record.handlers.join(' or ')} hears of '${record.type}'. Subscribe it under that name again, or clear the failed event.`,
        { details: { position } },
      );
    }
    this.#retrying.add(position);
    try {
      const event = await this.journal.at(position);
      if (event) await this.#deliveries.retry(event, record);
      return event !== undefined;
    } finally {
      this.#retrying.delete(position);
    }
  }

  /** Resolves when everything published so far, and everything it led to, is processed. */
  async drain(signal: AbortSignal | undefined): Promise<void> {
    const { engine, processing } = this.journal;
    do {
      this.#check();
      await engine.drain({ ...(signal && { signal }) });
      this.#feed.wake();
      if (!this.#isCaughtUp()) await unlessAborted(this.#caughtUp(), signal);
    } while (engine.stats().inFlight > 0 || !this.#isCaughtUp());
    await processing.flushed();
  }

  /**
   * Finishes what was accepted, then calls nobody any more. When the signal aborts, what is left stays unprocessed.
   *
   * @throws EngineFailedError when the bus or its engine had failed.
   */
  async stop(signal: AbortSignal): Promise<void> {
    const closed = new EngineClosedError('The event bus has stopped. Start it again before publishing.');
    this.#closed = closed;
    this.#admission.refuseAll(closed);
    try {
      await this.drain(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#end(closed);
    }
  }

  #end(error: Error): void {
    this.#feed.stop();
    this.#deliveries.stop(error);
    this.#relayed[Symbol.dispose]();
    this.#admission.refuseAll(error);
    for (const { reject } of this.#idle.splice(0)) reject(error);
  }

  async #send(event: NewEvent, until: Until, signal: AbortSignal | undefined): Promise<Receipt> {
    const published = this.journal.engine.publish(event, { until, ...(signal && { signal }) });
    this.#entered();
    const receipt = await this.#published(published);
    if (until === 'handled') await this.#deliveries.untilProcessed(receipt.position);
    return receipt;
  }

  async #published<Value>(published: Promise<Value>): Promise<Value> {
    try {
      return await published;
    } catch (error) {
      // What was refused before it got a position must stand in nobody's way.
      this.#backlog.look();
      this.#admission.advance();
      throw error;
    }
  }

  /** The events, each when there is room for it. */
  async *#paced(
    events: Iterable<NewEvent> | AsyncIterable<NewEvent>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<NewEvent, void, undefined> {
    for await (const event of events) {
      this.#checkTaking();
      if (!this.#isOpen) await this.#enter(async () => {}, signal);
      yield event;
      this.#entered();
    }
  }

  /** Runs `accept` when there is room, in the order of the calls. */
  async #enter<Result>(accept: () => Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
    this.#checkTaking();
    signal?.throwIfAborted();
    if (this.#isOpen) return accept();
    if (this.#parts.whenFull === 'wait') return this.#admission.enter(accept, signal);
    const { maxQueueSize } = this.#parts;
    throw new QueueFullError(
      `The event bus is full: ${maxQueueSize} events wait. Publish again later, or leave out whenFull to wait for room.`,
      { details: { maxQueueSize } },
    );
  }

  get #isOpen(): boolean {
    if (!this.#admission.isOpen) return false;
    const { maxQueueSize, whenFull } = this.#parts;
    // A publisher that may wait waits for lanes in the engine itself.
    return whenFull === 'wait' || !this.#engineHigh || this.journal.engine.stats().inFlight < maxQueueSize;
  }

  /** An event was published. */
  #entered(): void {
    this.#backlog.entered();
    this.#pressure.check();
  }

  #isCaughtUp(): boolean {
    return this.#deliveries.size === 0 && this.journal.behind === 0;
  }

  async #caughtUp(): Promise<void> {
    this.#check();
    await new Promise<void>((resolve, reject) => this.#idle.push({ resolve, reject }));
  }

  #finished(): void {
    this.#admission.advance();
    const { size } = this.#deliveries;
    if (size <= this.#parts.maxQueueSize / 2) this.#feed.roomy();
    if (this.#pressure.isHigh) this.#pressure.check();
    if (size > 0 || this.#idle.length === 0 || this.#looking) return;
    this.#looking = true;
    // Once for all that are finished in this turn.
    queueMicrotask(() => this.#look());
  }

  /** Tells those who wait until there is nothing left to do. */
  #look(): void {
    this.#looking = false;
    if (!this.#isCaughtUp()) return;
    for (const { resolve } of this.#idle.splice(0)) resolve();
  }

  #relay(notice: Notice): void {
    if (notice.kind === 'dead-letter') this.journal.counters.failed++;
    // After that it begins with an empty queue, and says nothing of relief.
    if (notice.kind === 'failed') this.#engineHigh = false;
    if (notice.kind === 'pressure' || notice.kind === 'relieved') {
      this.#engineHigh = notice.kind === 'pressure';
      this.#pressure.check();
    } else this.#parts.notices.send(notice);
  }

  #checkTaking(): void {
    this.#check();
    if (this.#closed) throw this.#closed;
  }

  #check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** What happens to events cannot be noted any more, so nothing more may happen to them. */
  #fail(cause: Error): void {
    if (this.#failure) return;
    this.#failure = new EngineFailedError(
      `The event bus stopped: ${cause.message} Stop it and start it again to go on.`,
      { cause },
    );
    this.#end(this.#failure);
    this.#parts.notices.send({ kind: 'failed', error: this.#failure });
  }
}
