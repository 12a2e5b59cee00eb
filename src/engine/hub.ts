import { Codec } from '../events/codec.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { Emission } from '../events/emission.js';
import { EngineFailedError } from '../events/errors.js';
import type { RegisteredType } from '../events/registry.js';
import { rowOf, rowReference, slabOf } from '../events/slab.js';
import { reasonOf, toError } from '../events/thrown.js';
import { KeyPlace } from '../lanes/key-state.js';
import { LaneScheduler } from '../lanes/scheduler.js';
import type { Subscriptions } from '../publisher/subscriptions.js';
import { Progress } from '../store/progress.js';
import type { RawEvent } from '../store/store.js';
import { CommitQueue, type HubSegment } from './commit/commit-queue.js';
import { eventAt } from './commit/event-at.js';
import { refusalsIn } from './dispatch/emission-check.js';
import { LaneCrew } from './dispatch/lane-crew.js';
import { LanePump } from './dispatch/lane-pump.js';
import { Failures } from './failures/failures.js';
import { Parking } from './failures/parking.js';
import type { HubParts } from './hub-parts.js';
import { Entrance } from './intake/entrance.js';
import { InFlight } from './intake/in-flight.js';
import type { Prepared } from './intake/prepare.js';
import { Pressure, shareOf } from './intake/pressure.js';
import { Receipts } from './intake/receipts.js';
import { type Wave, Waves } from './intake/waves.js';
import { checkWait } from './own-waits.js';
import { Holding } from './replay/holding.js';
import { Resumer } from './replay/resume.js';
import { Directory, type NameEntry } from './sequence/directory.js';
import { KeyGate } from './sequence/key-gate.js';
import { KeyRuns } from './sequence/key-runs.js';
import { type RowFacts, Sequencer } from './sequence/sequencer.js';
import { Shapes } from './sequence/shapes.js';
import { type HubSlab, SlabPool } from './sequence/slab-pool.js';
import type { Counters } from './watch/counters.js';
import { HealthWatch } from './watch/health.js';
import { healthFacts } from './watch/health-facts.js';
import type { Notices } from './watch/notices.js';

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
  readonly waves = new Waves();
  readonly entrance: Entrance;
  readonly holding: Holding;
  readonly resumer: Resumer;
  readonly directory: Directory;
  readonly sequencer: Sequencer;
  readonly pool: SlabPool;
  readonly commits: CommitQueue;
  readonly failures: Failures;
  readonly parking = new Parking();
  readonly progress: Progress;
  readonly crew: LaneCrew;
  readonly #parts: HubParts;
  readonly shapes: Shapes;
  readonly #inFlight: InFlight;
  readonly #runs: KeyRuns | undefined;
  readonly #pressure: Pressure;
  readonly health: HealthWatch;
  readonly #scheduler: LaneScheduler;
  readonly #pump: LanePump;
  /** By stored type id; several ids may be versions or aliases of one type. */
  readonly #types: (RegisteredType | undefined)[] = [];
  /** Resolves when what was unfinished at the opening is handled. */
  recovered: Promise<void> = Promise.resolve();
  /** Every position up to here is durable. */
  lastDurable: number;
  #failure: Error | undefined;

  constructor(parts: HubParts) {
    const { store, state } = parts;
    this.#parts = parts;
    this.lastDurable = state.lastPosition;
    this.progress = new Progress(state.progress.mark, state.progress.chunks);
    this.directory = new Directory(store, parts.maxNames);
    this.directory.load(state.lastName);
    this.resumer = new Resumer({ hub: this, store, registry: parts.registry });
    this.pool = new SlabPool(parts.maxInFlightBytes, (slab) => {
      this.#pump.forget(slab);
      store.forget(slab);
    });
    this.shapes = new Shapes(new Codec(state.shapes));
    const { codec } = this.shapes;
    this.sequencer = new Sequencer(this.directory, this.pool, state.lastPosition, parts.deterministic);
    this.#scheduler = new LaneScheduler(this.pool.slabs, parts.setup.concurrency);
    let gate: KeyGate | undefined;
    if (parts.deterministic) {
      // What must be durable before it is handled has its number before it is handled.
      if (parts.dispatch === 'accepted') this.#runs = new KeyRuns(this.sequencer, this.pool, this.#scheduler);
      gate = new KeyGate({
        sequencer: this.sequencer,
        runs: this.#runs,
        hasBacklog: (key) => this.holding.hasBacklog(key),
        isHeld: (key) => this.directory.get(key).held,
        begin: (key) => this.#inFlight.began(key),
        end: (key) => this.#inFlight.ended(key),
      });
    }
    this.subscriptions = parts.subscriptions;
    this.notices = parts.notices;
    this.counters = parts.counters;
    const { waves, pool, sequencer, counters } = this;
    const { maxInFlight, maxInFlightBytes } = parts;
    this.#inFlight = new InFlight({
      maxInFlight,
      maxInFlightBytes,
      counters,
      waves,
      pool,
      sequencer,
      gate,
      holding: () => this.holding,
    });
    this.#pressure = new Pressure(
      () => shareOf(this.#inFlight.fill),
      (kind) => this.notices.send({ kind, ...this.#inFlight.fill }),
    );
    this.entrance = new Entrance({
      waves,
      gate,
      hasRoom: (need) => this.#inFlight.hasRoom(need),
      hasRoomToFeed: () => this.#inFlight.hasRoomToFeed,
      checkWait: () => checkWait(parts.owner, 'publish() on a full engine'),
      onWaited: (milliseconds) => parts.meters.waited.record(milliseconds),
    });
    this.holding = new Holding({
      parking: this.parking,
      waves,
      receipts: this.receipts,
      counters,
      pool,
      ended: (key, count) => this.#inFlight.ended(key, count),
      directory: this.directory,
      nameOf: (id) => store.reader.nameOf(id),
      lastPosition: () => this.sequencer.lastPosition,
      release: (slab, row) => this.#inFlight.release(slab, row),
    });
    for (const stored of state.types) {
      this.#types[stored.id] = parts.registry.find(stored.name);
    }
    this.commits = new CommitQueue(store, this.progress, parts.meters, {
      sending: () => {
        this.#pressure.check();
        return this.receipts.takeSettling();
      },
      newShapes: () => this.shapes.takeUnstored(),
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
      unknownShape: ({ type, shape }) => this.shapes.learn(this.#types[type], shape),
      refusals: refusalsIn(this.directory, this.sequencer, this.#types, parts.deterministic),
      emitted: (emission, bytes) => this.#emitted(emission, bytes),
      finished: (slab, row) => this.#finished(slab, row),
      settled: (key) => this.failures.settle(key),
      tracerFailed: (times) => {
        this.counters.subscriberErrors += times;
      },
      answered: () => this.#answered(),
    });
    this.failures = new Failures(
      {
        scheduler: this.#scheduler,
        pool: this.pool,
        failed: this.#pump.failed,
        types: this.#types,
        notices: this.notices,
        counters: this.counters,
        timers: parts.timers,
        seed: parts.setup.seed,
      },
      {
        retry: () => this.#pump.pump(),
        skipped: (slab, row) => this.#finished(slab, row),
        dropped: (slab, row) => this.#inFlight.release(slab, row),
        failed: (slab, row, error) => this.holding.unhandled(slab, row, error),
        parked: (key, position, error) => this.holding.park(key, position, error),
        buried: (letter) => this.commits.bury(letter),
        stop: (error) => this.fail(error),
        changed: () => this.#answered(),
      },
    );
    this.health = new HealthWatch(
      parts.health,
      () => healthFacts(this, parts, this.#pressure.share),
      this.notices,
      parts.timers,
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

  /**
   * Sequences an event now and returns its position; its version is `sequencer.lastVersion`.
   *
   * @throws EngineFailedError also when the engine has recovered since: this is the hub of before.
   */
  accept(event: Prepared, wave = this.waves.taking): number {
    if (this.#failure) throw this.#failure;
    const ahead = this.#runs?.numbering;
    if (ahead) this.sequencer.number(ahead.slab, ahead.row, ahead.aggregate);
    else this.sequencer.append(event);
    this.#accepted(event.type, wave, ahead);
    return this.sequencer.lastPosition;
  }

  /** Puts an unfinished event of the log back on its way. @param isNew it has been in flight since it came. */
  restore(facts: RowFacts, event: RawEvent, wave: Wave, isNew: boolean): void {
    if (this.#failure) throw this.#failure;
    this.sequencer.restore(facts, event);
    const { slab } = this.sequencer;
    const row = slab.rows - 1;
    const key = slab.keys[row] as NameEntry;
    slab.holds++;
    slab.waves[row] = wave;
    if (isNew) this.holding.kept--;
    else {
      this.#inFlight.join(wave);
      this.#inFlight.began(key);
      this.#inFlight.fed(slab, row);
    }
    slab.acceptedAt[row] = performance.now();
    this.#scheduler.enqueue(rowReference(slab.id, row), key);
    this.sequencer.closeLargeSlab();
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

  /** Sends waiting work to the lanes. */
  pump(): void {
    this.#answered();
  }

  /** Resolves when everything accepted so far, and what it leads to, is committed and handled; parked keys left out. */
  async drain(): Promise<void> {
    if (this.#failure) throw this.#failure;
    await this.waves.settled();
    await this.flushed();
  }

  /** Stops everything: nothing more is acknowledged. */
  fail(cause: Error): void {
    if (this.#failure) return;
    this.#failure = new EngineFailedError(
      `The engine stopped: ${reasonOf(cause)}. Close it and open the store again to go on.`,
      { cause },
    );
    this.stop();
    this.notices.send({ kind: 'failed', error: this.#failure });
    this.health.tell();
    this.receipts.rejectAll(this.#failure);
    this.entrance.close(this.#failure);
    this.waves.releaseAll();
  }

  /** Sends nothing more to writer or lanes. */
  stop(): void {
    this.commits.stop();
    this.#pump.stop();
    this.crew.stop();
    this.failures.stop();
    this.health.end();
  }

  /** A row is on its way, the one written last or one that has run: to the writer, and to its lane, if need be now. */
  #accepted(type: RegisteredType, wave: Wave, ahead?: KeyRuns['numbering']): void {
    const slab = ahead ? ahead.slab : this.sequencer.slab;
    const row = ahead ? ahead.row : slab.rows - 1;
    this.counters.accepted++;
    slab.waves[row] = wave;
    this.#inFlight.join(wave);
    this.commits.add(slab, row);
    if (type.handled) {
      this.#inFlight.began(slab.keys[row] as NameEntry);
      if (ahead) return;
      slab.holds++;
      if (this.#parts.dispatch === 'accepted') this.dispatch(slab, row);
    } else {
      // Nobody will handle it: its progress goes into the same transaction as the event.
      this.progress.finish(slab.position[row] as number);
    }
    this.sequencer.closeLargeSlab();
  }

  /** Gives a row to the lanes, unless it must stay in the log. */
  dispatch(slab: HubSlab, row: number): void {
    const key = slab.keys[row] as NameEntry;
    if (!this.holding.takes(slab, row, key)) this.#scheduler.enqueue(rowReference(slab.id, row), key);
  }

  #committed(segments: readonly HubSegment[]): void {
    const subscribed = !this.subscriptions.isEmpty;
    for (const { slab, from, to } of segments) {
      for (let row = from; row < to; row++) {
        const type = this.#types[slab.type[row] as number];
        if (!type?.handled) {
          this.counters.handled++;
          this.#inFlight.leave(slab.waves[row] as Wave);
          this.receipts.passed(slab.position[row] as number);
        } else if (this.#parts.dispatch === 'durable') {
          this.dispatch(slab, row);
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
    this.subscriptions.deliver(eventAt(slab, row, type.type, this.#parts.state.run, this.shapes.codec));
  }

  #emitted(emission: Emission, bytes: Buffer): void {
    const type = this.#types[emission.type];
    if (!type) {
      this.fail(new EngineFailedError(`A lane emitted an event of the unknown type ${emission.type}.`));
      return;
    }
    const cause = this.pool.slabs[slabOf(emission.cause)] as HubSlab;
    const row = rowOf(emission.cause);
    try {
      this.sequencer.appendEmitted(type, emission, bytes, cause.position[row] as number);
    } catch (error) {
      this.fail(toError(error));
      return;
    }
    this.counters.emitted++;
    if (type.handled) this.#runs?.stop(this.sequencer.lastKey);
    this.#accepted(type, cause.waves[row] as Wave);
  }

  #finished(slab: HubSlab, row: number): void {
    const position = slab.position[row] as number;
    this.counters.handled++;
    this.progress.finish(position);
    if (this.failures.retried.size > 0 && this.failures.retried.delete(position))
      this.commits.raise(position);
    this.receipts.handled(position);
    this.#inFlight.release(slab, row);
  }

  #answered(): void {
    if (this.#failure) return;
    this.#pressure.check();
    this.health.check(this.parking.parked);
    this.commits.schedule();
    this.entrance.advance();
    this.#pump.pump();
  }
}
