import { Codec } from '../events/codec.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { Emission } from '../events/emission.js';
import { EngineFailedError } from '../events/errors.js';
import type { RegisteredType } from '../events/registry.js';
import { rowOf, rowReference, slabOf } from '../events/slab.js';
import { KeyPlace } from '../lanes/key-state.js';
import { LaneScheduler } from '../lanes/scheduler.js';
import type { Subscriptions } from '../publisher/subscriptions.js';
import { Progress } from '../store/progress.js';
import type { RawEvent } from '../store/store.js';
import { Admission } from './admission.js';
import { CommitQueue, type HubSegment } from './commit-queue.js';
import type { Counters } from './counters.js';
import { Directory, type NameEntry } from './directory.js';
import { eventAt } from './event-at.js';
import { Failures, parkedBehind } from './failures.js';
import { HealthWatch } from './health.js';
import { healthFacts } from './health-facts.js';
import type { HubParts } from './hub-parts.js';
import { KeyGate } from './key-gate.js';
import { KeyRuns } from './key-runs.js';
import { LaneCrew } from './lane-crew.js';
import { LanePump } from './lane-pump.js';
import type { Fill, Notices } from './notices.js';
import { Parking } from './parking.js';
import type { Prepared } from './prepare.js';
import { Pressure, shareOf } from './pressure.js';
import { Receipts } from './receipts.js';
import { type RowFacts, Sequencer } from './sequencer.js';
import { Shapes } from './shapes.js';
import { type HubSlab, SlabPool } from './slab-pool.js';

/**
 * The middle of the engine, on the main thread: every event passes through it from the sequencer to the commit
 * queue, from there to a lane, and back as finished. It holds no data of its own besides counts; each part
 * keeps its own state, and this class is the wiring between them.
 */
export class Hub {
  readonly counters: Counters;
  readonly receipts = new Receipts();
  readonly notices: Notices;
  readonly subscriptions: Subscriptions<DomainEvent>;
  readonly admission: Admission;
  readonly directory: Directory;
  readonly sequencer: Sequencer;
  readonly pool: SlabPool;
  readonly commits: CommitQueue;
  readonly failures: Failures;
  readonly parking = new Parking();
  readonly progress: Progress;
  readonly crew: LaneCrew;
  readonly #parts: HubParts;
  readonly #shapes: Shapes;
  readonly #gate: KeyGate | undefined;
  readonly #runs: KeyRuns | undefined;
  readonly #pressure: Pressure;
  readonly health: HealthWatch;
  readonly #scheduler: LaneScheduler;
  readonly #pump: LanePump;
  /** By stored type id; several ids may be versions or aliases of one type. */
  readonly #types: (RegisteredType | undefined)[] = [];
  readonly #idle: (() => void)[] = [];
  /** While the log is read again, what handlers emit stays in it: it would overtake events not read yet. */
  recovering = false;
  /** Every position up to here is durable. */
  lastDurable: number;
  #failure: Error | undefined;

  constructor(parts: HubParts) {
    const { store, state } = parts;
    this.#parts = parts;
    this.lastDurable = state.lastPosition;
    this.progress = new Progress(state.progress.mark, state.progress.chunks);
    this.directory = new Directory(store);
    this.directory.load(state.lastName);
    this.pool = new SlabPool(parts.maxInFlightBytes, (slab) => {
      this.#pump.forget(slab);
      store.forget(slab);
    });
    this.#shapes = new Shapes(new Codec(state.shapes));
    const { codec } = this.#shapes;
    this.sequencer = new Sequencer(
      this.directory,
      this.pool,
      this.#shapes,
      state.lastPosition,
      parts.deterministic,
    );
    this.#scheduler = new LaneScheduler(this.pool.slabs, parts.setup.concurrency);
    if (parts.deterministic) {
      // What must be durable before it is handled has its number before it is handled.
      if (parts.dispatch === 'accepted') this.#runs = new KeyRuns(this.sequencer, this.pool, this.#scheduler);
      this.#gate = new KeyGate(this.#runs, (key) => !this.recovering && !this.directory.find(key)?.held);
    }
    this.subscriptions = parts.subscriptions;
    this.notices = parts.notices;
    this.counters = parts.counters;
    this.counters.inFlight = 0;
    const fill = (): Fill => ({
      inFlight: this.counters.inFlight + (this.#gate?.waiting ?? 0),
      maxInFlight: parts.maxInFlight,
      bytes: this.pool.usedBytes,
      maxBytes: parts.maxInFlightBytes,
    });
    this.#pressure = new Pressure(
      () => shareOf(fill()),
      (kind) => this.notices.send({ kind, ...fill() }),
    );
    this.admission = new Admission(
      () => this.#hasRoom(),
      (milliseconds) => parts.meters.waited.record(milliseconds),
    );
    for (const stored of state.types) {
      this.#types[stored.id] = parts.registry.find(stored.name);
    }
    this.commits = new CommitQueue(store, this.progress, parts.meters, {
      sending: () => {
        this.#pressure.check();
        return this.receipts.takeSettling();
      },
      newShapes: () => this.#shapes.takeUnstored(),
      committed: (segments) => this.#committed(segments),
      failed: (error) => this.fail(error),
    });
    this.crew = new LaneCrew(parts, codec, this.#scheduler, this.pool, {
      ready: () => this.#pump.pump(),
      answered: (seat, answer) => this.#pump.take(seat, answer),
      lost: (seat, judgement) => {
        parts.meters.died(seat.number);
        return this.#pump.lost(seat, judgement);
      },
      replaced: (lane, error) => this.notices.send({ kind: 'lane-replaced', lane, error }),
      failed: (error) => this.fail(error),
    });
    this.#pump = new LanePump(this.crew, this.#scheduler, this.pool, codec, parts, this.#runs, {
      unknownShape: ({ type, shape }) => this.#shapes.learn(this.#types[type], shape),
      emitted: (emission, bytes) => this.#emitted(emission, bytes),
      finished: (slab, row) => this.#finished(slab, row),
      settled: (key) => this.failures.settle(key),
      answered: () => this.#answered(),
    });
    this.health = new HealthWatch(
      parts.health,
      () => healthFacts(this, parts, this.#pressure.share),
      this.notices,
      parts.timers,
    );
    this.failures = new Failures(
      {
        scheduler: this.#scheduler,
        pool: this.pool,
        failed: this.#pump.failed,
        types: this.#types,
        parking: this.parking,
        notices: this.notices,
        counters: this.counters,
        timers: parts.timers,
        seed: parts.setup.seed,
        lastPosition: () => this.sequencer.lastPosition,
      },
      {
        retry: () => this.#pump.pump(),
        skipped: (slab, row) => this.#finished(slab, row),
        dropped: (slab, key) => this.#release(slab, key),
        failed: (position, error) => this.receipts.failed(position, error),
        buried: (letter) => this.commits.bury(letter),
        stop: (error) => this.fail(error),
        changed: () => this.#answered(),
      },
    );
  }

  /** The error that stopped the hub, if one did. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The name of a stored type; empty when it is not registered. */
  typeName(id: number): string {
    return this.#types[id]?.type ?? '';
  }

  /** Whether an event of this key must wait for the key to be quiet: in deterministic mode only. */
  mustWait(key: string): boolean {
    return this.#gate?.mustWait(key) ?? false;
  }

  /** Runs `enter`, which accepts `event`, when the key is quiet; or when `event` has run as if it were. */
  whenQuiet(key: string, enter: () => void, refuse: (error: unknown) => void, event?: Prepared): void {
    this.#gate?.add(key, { event, enter, refuse });
  }

  /** Sequences an event now and returns its position; its version is `sequencer.lastVersion`. */
  accept(event: Prepared): number {
    const ahead = this.#runs?.numbering;
    if (ahead) this.sequencer.number(ahead.slab, ahead.row, ahead.aggregate);
    else this.sequencer.append(event, event.data, event.metadata);
    this.#accepted(event.type, ahead);
    return this.sequencer.lastPosition;
  }

  /** Puts an unfinished event of the log back on its way. */
  restore(facts: RowFacts, event: RawEvent): void {
    this.sequencer.restore(facts, event);
    const { slab } = this.sequencer;
    slab.holds++;
    this.counters.inFlight++;
    const key = slab.keys[slab.rows - 1] as NameEntry;
    this.#gate?.began(key);
    slab.acceptedAt[slab.rows - 1] = performance.now();
    this.#scheduler.enqueue(rowReference(slab.id, slab.rows - 1), key);
    this.sequencer.closeLargeSlab();
  }

  /** A dead letter is given up: its event counts as finished. */
  discard(position: number): void {
    this.progress.finish(position);
    this.commits.raise(position);
    this.receipts.handled(position);
  }

  /** Lets a parked key's events through again: those that its owner feeds in. */
  unpark(key: NameEntry): void {
    if (key.place === KeyPlace.Parked) this.#scheduler.unpark(key);
  }

  /** Resolves when everything that has happened so far is committed. */
  async flushed(): Promise<void> {
    await this.commits.flushed();
    if (this.#failure) throw this.#failure;
  }

  /** Sends waiting work to the lanes; should there be none left, whoever waits for that hears of it. */
  pump(): void {
    this.#answered();
  }

  /** Resolves when everything accepted is committed and handled, parked keys left out. */
  async drain(): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (this.#isIdle()) return;
    this.commits.schedule();
    await new Promise<void>((resolve) => this.#idle.push(resolve));
    if (this.#failure) throw this.#failure;
  }

  /** Stops everything: nothing more is acknowledged. */
  fail(cause: Error): void {
    if (this.#failure) return;
    this.#failure = new EngineFailedError(
      `The engine stopped: ${cause.message.replace(/\.$/, '')}. Close it and open the store again to go on.`,
      { cause },
    );
    this.stop();
    this.notices.send({ kind: 'failed', error: this.#failure });
    this.health.tell();
    this.receipts.rejectAll(this.#failure);
    this.admission.refuseAll(this.#failure);
    this.#gate?.refuseAll(this.#failure);
    this.#wakeIdle();
  }

  /** Sends nothing more to writer or lanes. */
  stop(): void {
    this.commits.stop();
    this.#pump.stop();
    this.crew.stop();
    this.failures.stop();
    this.health.end();
  }

  #hasRoom(): boolean {
    const held = this.counters.inFlight + (this.#gate?.waiting ?? 0);
    return held < this.#parts.maxInFlight && (this.sequencer.hasRoom || this.pool.hasRoom);
  }

  /** A row is on its way, the one written last or one that has run: to the writer, and to its lane, if need be now. */
  #accepted(type: RegisteredType, ahead?: KeyRuns['numbering']): void {
    const slab = ahead ? ahead.slab : this.sequencer.slab;
    const row = ahead ? ahead.row : slab.rows - 1;
    this.counters.accepted++;
    this.counters.inFlight++;
    this.commits.add(slab, row);
    if (type.handled) {
      this.#gate?.began(slab.keys[row] as NameEntry);
      if (ahead) return;
      slab.holds++;
      if (this.#parts.dispatch === 'accepted') this.#dispatch(slab, row);
    } else {
      // Nobody will handle it: its progress goes into the same transaction as the event.
      this.progress.finish(slab.position[row] as number);
    }
    this.sequencer.closeLargeSlab();
  }

  #dispatch(slab: HubSlab, row: number): void {
    const key = slab.keys[row] as NameEntry;
    if (key.held) {
      const position = slab.position[row] as number;
      this.parking.hold(key, position);
      // Whoever waits for it may only be about to say so, in this same turn. Behind a key that is being resumed
      // it will be handled soon, and its waiter goes on waiting, unless the key is parked once more.
      queueMicrotask(() => {
        const parkedAt = this.parking.positionOf(key);
        if (parkedAt !== undefined) this.receipts.failed(position, parkedBehind(key, parkedAt));
        else if (this.receipts.isAwaited(position)) this.parking.await(key, position);
      });
      this.#release(slab, key);
    } else if (this.recovering) this.#release(slab, key);
    else this.#scheduler.enqueue(rowReference(slab.id, row), key);
  }

  #committed(segments: readonly HubSegment[]): void {
    const subscribed = !this.subscriptions.isEmpty;
    for (const { slab, from, to } of segments) {
      for (let row = from; row < to; row++) {
        const type = this.#types[slab.type[row] as number];
        if (!type?.handled) {
          this.counters.inFlight--;
          this.counters.handled++;
          this.receipts.passed(slab.position[row] as number);
        } else if (this.#parts.dispatch === 'durable') {
          this.#dispatch(slab, row);
        }
        if (subscribed && type) this.#deliver(slab, row, type);
      }
      this.lastDurable = slab.position[to - 1] as number;
      this.pool.release(slab, to - from);
    }
    this.receipts.durable(this.lastDurable);
    this.#answered();
  }

  #deliver(slab: HubSlab, row: number, type: RegisteredType): void {
    if (!this.subscriptions.hasSubscribers(type.type)) return;
    this.subscriptions.deliver(eventAt(slab, row, type.type, this.#parts.state.run, this.#shapes.codec));
  }

  #emitted(emission: Emission, bytes: Buffer): void {
    const type = this.#types[emission.type];
    if (!type) {
      this.fail(new EngineFailedError(`A lane emitted an event of the unknown type ${emission.type}.`));
      return;
    }
    const { position } = this.pool.slabs[slabOf(emission.cause)] as HubSlab;
    try {
      this.sequencer.appendEmitted(type, emission, bytes, position[rowOf(emission.cause)] as number);
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    this.counters.emitted++;
    if (type.handled) this.#runs?.stop(this.sequencer.lastKey);
    this.#accepted(type);
  }

  #finished(slab: HubSlab, row: number): void {
    const position = slab.position[row] as number;
    this.counters.handled++;
    this.progress.finish(position);
    if (this.failures.retried.size > 0 && this.failures.retried.delete(position))
      this.commits.raise(position);
    this.receipts.handled(position);
    this.#release(slab, slab.keys[row] as NameEntry);
  }

  /** A row needs its lane no more. */
  #release(slab: HubSlab, key: NameEntry): void {
    this.counters.inFlight--;
    this.#gate?.ended(key);
    this.pool.release(slab, 1);
  }

  #answered(): void {
    if (this.#failure) return;
    this.#pressure.check();
    this.health.check(this.parking.parked);
    this.#gate?.advance();
    this.commits.schedule();
    this.admission.advance();
    this.#pump.pump();
    if (this.#isIdle()) this.#wakeIdle();
  }

  #isIdle(): boolean {
    return (
      this.counters.inFlight === 0 &&
      !this.#gate?.waiting &&
      !this.parking.isResuming &&
      this.commits.isIdle &&
      this.admission.isOpen
    );
  }

  #wakeIdle(): void {
    for (const wake of this.#idle.splice(0)) wake();
  }
}
