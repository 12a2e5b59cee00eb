import { AsyncResource } from 'node:async_hooks';
import { Admission } from '../engine/intake/admission.js';
import { Pressure } from '../engine/intake/pressure.js';
import type { ManyReceipt, PublishOptions, Receipt, Until } from '../engine/options.js';
import type { Notice } from '../engine/watch/notices.js';
import type { NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { EventRegistry } from '../events/registry.js';
import { snapshotOf } from '../events/snapshot.js';
import { checkOutside } from '../kernel/async-context.js';
import {
  EngineClosedError,
  EngineFailedError,
  InvalidOptionError,
  QueueFullError,
} from '../kernel/errors.js';
import type { Listeners } from '../kernel/listeners.js';
import { reasonOf } from '../kernel/thrown.js';
import { Backlog } from './backlog.js';
import { BusHealth } from './bus-health.js';
import type { BusNotice } from './bus-notice.js';
import { Deliveries } from './deliveries.js';
import { Drains } from './drains.js';
import { Feed } from './feed.js';
import type { Journal } from './journal.js';
import { KeyDoors } from './key-doors.js';
import type { CheckedBusOptions } from './options.js';
import type { Subscribers } from './subscribers.js';

/** What a run of a bus is made of. */
export interface BusRunParts extends CheckedBusOptions {
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
  readonly #drains: Drains;
  readonly #health: BusHealth;
  readonly #feed: Feed;
  readonly #backlog: Backlog;
  readonly #admission: Admission;
  readonly #doors: KeyDoors;
  readonly #relayed: Disposable;
  /** Positions of failed events that are being tried again. */
  readonly #retrying = new Set<number>();
  readonly #pressure: Pressure;
  /** Whether the engine has warned of its own fill. */
  #engineHigh = false;
  /** Why nothing new is taken. */
  #closed: Error | undefined;
  #failure: Error | undefined;

  constructor(parts: BusRunParts) {
    const { journal, notices, maxQueueSize } = parts;
    this.journal = journal;
    this.#parts = parts;
    this.#drains = new Drains(journal, (parts.engine.handlers?.length ?? 0) > 0);
    this.#deliveries = new Deliveries(parts, {
      publish: (event, cause) => this.#publishFor(cause, event),
      finished: () => this.#finished(),
      starved: () => this.#starved(),
      failed: (event) => notices.send({ kind: 'failed-event', event }),
      broken: (error) => this.#fail(error),
    });
    this.#backlog = new Backlog(journal, this.#deliveries.held);
    this.#admission = new Admission(() => this.#hasRoom());
    this.#doors = new KeyDoors(
      (key) => this.#deliveries.isOverShare(key),
      () => this.#hasRoom(),
    );
    this.#pressure = new Pressure(
      // The engine's own fill is one half of the bus's.
      () => (this.#engineHigh ? 1 : this.#backlog.size / maxQueueSize),
      (kind) => notices.send({ kind, queueSize: this.queueSize - this.heldBack, maxQueueSize }),
    );
    this.#health = new BusHealth(journal.engine, this.#deliveries, parts.engine.health?.latencyMs);
    this.#relayed = journal.engine.onNotice((notice) => this.#relay(notice));
    journal.processing.work = () => this.#deliveries.work;
    this.#feed = new Feed(journal, {
      heard: (position) => this.#backlog.durable(position),
      offer: (event) => this.#offer(event),
      woken: () => this.#deliveries.wake(),
      failed: (error) => this.#fail(error),
    });
  }

  /** Events that wait for lanes, and durable ones that wait for subscribers. */
  get queueSize(): number {
    return this.journal.engine.stats().inFlight + this.journal.behind;
  }

  /** Events among those that wait in the log, or in memory, behind others of their key that hold them up. */
  get heldBack(): number {
    return this.#deliveries.held.size;
  }

  publish(event: NewEvent, { until = 'durable', signal }: PublishOptions): Promise<Receipt> {
    return this.#enter(event, (own) => this.#send(own, until, signal), signal);
  }

  async publishBatch(
    events: Iterable<NewEvent> | AsyncIterable<NewEvent>,
    { until = 'durable', signal }: PublishOptions,
  ): Promise<ManyReceipt> {
    const options = { until: until === 'handled' ? 'durable' : until, ...(signal && { signal }) } as const;
    const receipt = await this.#published(
      this.journal.engine.publishMany(this.#paced(events, signal), options),
    );
    if (until === 'handled') await this.#drained(receipt.lastPosition, signal);
    return receipt;
  }

  /** Tries a failed event of subscribers again. Resolves with false when there is none at that position. */
  async retry(position: number): Promise<boolean> {
    this.#check();
    const record = await this.journal.processing.failure(position);
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
    signal?.throwIfAborted();
    // Who waits for room has published, too.
    await this.#doors.passed(signal);
    if (this.#admission.waiting > 0) await this.#admission.enter(() => {}, signal);
    await this.#drained(this.journal.engine.stats().lastPosition, signal);
  }

  async #drained(position: number, signal: AbortSignal | undefined): Promise<void> {
    const { engine, processing } = this.journal;
    this.#check();
    // It says why nothing more becomes durable.
    if (engine.stats().state === 'failed') await engine.drain();
    this.#feed.wake();
    await this.#drains.wait(position, signal);
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
    this.#refuseAll(closed);
    try {
      await this.drain(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#end(closed);
    }
  }

  #end(error: Error): void {
    this.journal.processing.work = undefined;
    this.#feed.stop();
    this.#deliveries.stop(error);
    this.#health.end();
    this.#relayed[Symbol.dispose]();
    this.#refuseAll(error);
    this.#drains.fail(error);
  }

  #refuseAll(error: Error): void {
    this.#doors.refuseAll(error);
    this.#admission.refuseAll(error);
  }

  /** Past the bus's own queue: a handler that waited for room there could wait for itself. */
  async #publishFor(cause: DomainEvent, event: NewEvent): Promise<Receipt> {
    const receipt = await this.journal.engine.publish(event);
    this.#drains.led(cause.position, receipt.position);
    return receipt;
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
      if (this.#isOpen && !this.#closedDoor(event)) yield event;
      else yield await this.#enter(event, async (own) => own, signal);
      this.#entered();
    }
  }

  /** Runs `accept` when there is room, in the order of the calls. An event that has to wait is kept as it is now. */
  async #enter<Result>(
    event: NewEvent,
    accept: (event: NewEvent) => Promise<Result>,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    this.#checkTaking();
    signal?.throwIfAborted();
    const key = this.#closedDoor(event);
    if (key === undefined && this.#isOpen) return accept(event);
    const { maxQueueSize, whenFull } = this.#parts;
    if (whenFull === 'refuse') {
      const what = key === undefined ? `${maxQueueSize} events wait` : `too many events of '${key}' wait`;
      throw new QueueFullError(
        `The event bus is full: ${what}. Publish again later, or leave out whenFull to wait for room.`,
        { details: { maxQueueSize, ...(key !== undefined && { key }) } },
      );
    }
    const own = snapshotOf(event);
    // What runs when there is room must find its own publisher's async context, not that of whoever made the room.
    const enter = AsyncResource.bind(() => accept(own));
    checkOutside(this.#parts.subscribers, 'bus.publish() on a full bus');
    if (key !== undefined) return this.#doors.enter(key, enter, signal);
    return this.#admission.enter(() => {
      // Those before it may have taken what its key may have.
      const filled = this.#closedDoor(own);
      return filled === undefined ? enter() : this.#doors.enter(filled, enter, signal);
    }, signal);
  }

  /** The key of an event whose publishers have to wait while others need not; undefined when it has none. */
  #closedDoor(event: NewEvent): string | undefined {
    if (this.heldBack === 0) return undefined;
    const key = this.#deliveries.keyOfNew(event);
    return key !== undefined && this.#doors.isClosed(key) ? key : undefined;
  }

  #hasRoom(): boolean {
    const { maxQueueSize } = this.#parts;
    if (this.#backlog.size >= maxQueueSize) this.#deliveries.makeRoom();
    return this.#backlog.size < maxQueueSize;
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

  #offer(event: DomainEvent): boolean {
    const isTaken = this.#deliveries.offer(event);
    // It may be held back, or be the one after which others have to be.
    this.#advance();
    return isTaken;
  }

  #advance(): void {
    if (this.#admission.waiting > 0) this.#admission.advance();
    this.#doors.advance();
  }

  #finished(): void {
    this.#advance();
    if (this.#deliveries.size <= this.#parts.maxQueueSize / 2) this.#feed.roomy();
    if (this.#pressure.isHigh) this.#pressure.check();
    this.#drains.look();
  }

  /** Whoever waits for room looks again: it may be made now. */
  #starved(): void {
    if (this.#backlog.size < this.#parts.maxQueueSize) return;
    this.#advance();
    this.#feed.roomy();
    if (this.#pressure.isHigh) this.#pressure.check();
  }

  #relay(notice: Notice): void {
    if (notice.kind === 'dead-letter') this.journal.counters.failed++;
    // After that it begins with an empty queue, and says nothing of relief.
    if (notice.kind === 'failed') {
      this.#engineHigh = false;
      this.#drains.fail(notice.error);
    }
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
      `The event bus stopped: ${reasonOf(cause)}. Stop it and start it again to go on.`,
      { cause },
    );
    this.#end(this.#failure);
    this.#parts.notices.send({ kind: 'failed', error: this.#failure });
  }
}
