import type { DomainEvent } from '../events/domain-event.js';
import type { Emission } from '../events/emission.js';
import type { RegisteredType } from '../events/registry.js';
import { rowOf, rowReference, slabOf } from '../events/slab.js';
import { EngineFailedError } from '../kernel/errors.js';
import { reasonOf, toError } from '../kernel/thrown.js';
import type { CommandAnswer } from '../lanes/aggregates/protocol.js';
import { KeyPlace } from '../lanes/key-state.js';
import type { LaneScheduler } from '../lanes/scheduler.js';
import type { TimerOrders } from '../lanes/timers/lane-timers.js';
import type { Subscriptions } from '../publisher/subscriptions.js';
import { LANES, type SettledLetter } from '../store/dead-letter.js';
import type { Progress } from '../store/progress.js';
import type { RawEvent, Store } from '../store/store.js';
import type { CommandDesk } from './commands/desk.js';
import type { SentCommands } from './commands/sent-commands.js';
import type { CommitQueue, HubSegment } from './commit/commit-queue.js';
import { eventAt } from './commit/event-at.js';
import type { Judgement } from './dispatch/judge.js';
import type { LaneCrew } from './dispatch/lane-crew.js';
import type { LanePump } from './dispatch/lane-pump.js';
import type { LaneSeat } from './dispatch/lane-seat.js';
import type { Failures } from './failures/failures.js';
import type { Parking } from './failures/parking.js';
import type { RetriedLetter } from './failures/retried-letter.js';
import type { Entrance } from './intake/entrance.js';
import type { InFlight } from './intake/in-flight.js';
import type { IntakeFlow } from './intake/intake-flow.js';
import type { Pressure } from './intake/pressure.js';
import type { Receipts } from './intake/receipts.js';
import type { Wave, Waves } from './intake/waves.js';
import { closedError } from './own-waits.js';
import type { PastReader } from './reading/past-reader.js';
import type { Holding } from './replay/holding.js';
import type { LateHandlers } from './replay/late-handlers.js';
import type { LogFlow } from './replay/log-flow.js';
import { isLeft, nextUnfinished, putBack, raise } from './replay/put-back.js';
import type { NameEntry } from './sequence/directory.js';
import type { HubSlab, WaitingEvent } from './sequence/hub-slab.js';
import type { KeyRuns } from './sequence/key-runs.js';
import type { Prepared, RowFacts } from './sequence/row-facts.js';
import type { Sequencer } from './sequence/sequencer.js';
import type { Shapes } from './sequence/shapes.js';
import type { SlabPool } from './sequence/slab-pool.js';
import type { EngineState } from './state.js';
import type { TimerFlow } from './timers/timer-flow.js';
import type { Counters } from './watch/counters.js';
import type { HealthWatch } from './watch/health.js';
import type { Notices } from './watch/notices.js';

/** The parts between which events flow; `assemble` makes them. */
export interface HubParts {
  readonly store: Store;
  /** By stored type id; several ids may be versions or aliases of one type. */
  readonly types: readonly (RegisteredType | undefined)[];
  readonly run: string;
  readonly dispatch: 'durable' | 'accepted';
  readonly counters: Counters;
  readonly notices: Notices;
  readonly subscriptions: Subscriptions<DomainEvent>;
  readonly waves: Waves;
  readonly receipts: Receipts;
  readonly entrance: Entrance;
  readonly inFlight: InFlight;
  readonly pressure: Pressure;
  readonly sequencer: Sequencer;
  readonly shapes: Shapes;
  readonly pool: SlabPool;
  /** In deterministic mode only. */
  readonly runs: KeyRuns | undefined;
  readonly timers: TimerFlow;
  readonly progress: Progress;
  readonly late: LateHandlers;
  readonly commits: CommitQueue;
  readonly scheduler: LaneScheduler;
  readonly crew: LaneCrew;
  readonly pump: LanePump;
  readonly commands: CommandDesk;
  readonly sent: SentCommands;
  readonly failures: Failures;
  readonly retried: Map<number, RetriedLetter>;
  readonly parking: Parking;
  readonly holding: Holding;
  readonly health: HealthWatch;
  readonly past: PastReader;
}

/**
 * The flow of events on the main thread: accepted, durable, handled or failed, and what each of these steps sets off in
 * the parts. It holds no events and no counts; each part keeps its own state. A part knows the parts that were made
 * before it; of what concerns those made after it, it tells the hub, which is connected last.
 */
export class Hub implements IntakeFlow, LogFlow {
  /** Given before anything can happen. */
  #parts!: HubParts;
  /** Every position up to here is durable. */
  lastDurable: number;
  #failure: Error | undefined;
  readonly #state: EngineState;

  /** @param state of the engine, which the hub takes to `failed`. */
  constructor(lastDurable: number, state: EngineState) {
    this.lastDurable = lastDurable;
    this.#state = state;
  }

  connect(parts: HubParts): void {
    this.#parts = parts;
  }

  /** The error that stopped the hub, if one did. It stays: an engine that recovers gets another hub. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  get lastVersion(): number {
    return this.#parts.sequencer.lastVersion;
  }

  /** The name of a stored type; empty when it is not registered. */
  typeName(id: number): string {
    return this.#parts.types[id]?.type ?? '';
  }

  /**
   * Sequences an event now and returns its position; its version is `lastVersion`.
   *
   * @throws EngineFailedError also when the engine has recovered since: this is the hub of before.
   */
  accept(event: Prepared, wave = this.#parts.waves.taking): number {
    if (this.#failure) throw this.#failure;
    const { sequencer, runs } = this.#parts;
    const ahead = runs?.numbering;
    if (ahead?.slab) sequencer.number(ahead.slab, ahead.row, ahead.names.aggregate);
    else sequencer.append(event);
    this.appended(event.type, wave, ahead);
    return sequencer.lastPosition;
  }

  /** A row is on its way, the one written last or one that has run: to the writer, and to its lane, if need be now. */
  appended(type: RegisteredType, wave: Wave, ahead?: WaitingEvent): void {
    const { sequencer, counters, inFlight, commits, progress, dispatch } = this.#parts;
    const slab = ahead?.slab ?? sequencer.slab;
    const row = ahead ? ahead.row : slab.rows - 1;
    counters.accepted++;
    slab.waves[row] = wave;
    inFlight.join(wave);
    commits.add(slab, row);
    if (type.handled) {
      inFlight.began(slab.keys[row] as NameEntry);
      if (ahead) return;
      slab.holds++;
      if (dispatch === 'accepted') this.dispatch(slab, row);
    } else {
      // Nobody will handle it: its progress goes into the same transaction as the event.
      progress.finish(slab.position[row] as number);
    }
    sequencer.closeLargeSlab();
  }

  /** Rows are durable: their waiters are told, subscribers called, and lanes get what had to be durable first. */
  committed(segments: readonly HubSegment[]): void {
    const { subscriptions, types, counters, inFlight, receipts, dispatch, pool } = this.#parts;
    const subscribed = !subscriptions.isEmpty;
    for (const { slab, from, to } of segments) {
      for (let row = from; row < to; row++) {
        const type = types[slab.type[row] as number];
        if (!type?.handled) {
          counters.handled++;
          inFlight.leave(slab.waves[row] as Wave);
          receipts.passed(slab.position[row] as number);
        } else if (dispatch === 'durable') {
          this.dispatch(slab, row);
        }
        if (subscribed && type) this.#deliver(slab, row, type);
      }
      this.lastDurable = slab.position[to - 1] as number;
      pool.release(slab, to - from);
    }
    receipts.durable(this.lastDurable);
    this.pump();
  }

  #deliver(slab: HubSlab, row: number, type: RegisteredType): void {
    const { subscriptions, run, shapes } = this.#parts;
    if (!subscriptions.hasSubscribers(type.type)) return;
    subscriptions.deliver(eventAt(slab, row, type.type, run, shapes.codec));
  }

  /** Gives a row to the lanes, unless it must stay in the log. */
  dispatch(slab: HubSlab, row: number): void {
    const { holding, scheduler } = this.#parts;
    const key = slab.keys[row] as NameEntry;
    if (!holding.takes(slab, row, key)) scheduler.enqueue(rowReference(slab.id, row), key);
  }

  /** A handler has emitted an event: it is accepted into the wave of its cause. */
  emitted(emission: Emission, bytes: Buffer): void {
    const { types, pool, sequencer, counters, runs } = this.#parts;
    const type = types[emission.type];
    if (!type) {
      this.fail(new EngineFailedError(`A lane emitted an event of the unknown type ${emission.type}.`));
      return;
    }
    const cause = pool.slabs[slabOf(emission.cause)] as HubSlab;
    const row = rowOf(emission.cause);
    try {
      sequencer.appendEmitted(type, emission, bytes, cause.position[row] as number);
    } catch (error) {
      this.fail(toError(error));
      return;
    }
    counters.emitted++;
    if (type.handled) runs?.stop(sequencer.lastKey);
    this.appended(type, cause.waves[row] as Wave);
  }

  /** Every handler of a row's event has ended, or it was skipped. */
  finished(slab: HubSlab, row: number): void {
    const { counters, progress, retried, receipts, inFlight, late } = this.#parts;
    const position = slab.position[row] as number;
    counters.handled++;
    progress.finish(position);
    const call = late.finished(rowReference(slab.id, row), position);
    if (retried.size > 0) raise(this.#parts, position, call);
    // Nobody waits for an old event, and somebody may wait for a dead letter of the same one.
    if (!call || call.lanes || call.letter) receipts.handled(position);
    inFlight.release(slab, row);
  }

  /** The handlers of a row's event, which is about to be finished, want something of timers or of aggregates. */
  ordered(slab: HubSlab, row: number, orders: TimerOrders): void {
    const { timers, sent, runs, late } = this.#parts;
    if (orders.commands.length > 0) timers.ordered(slab, row, orders);
    if (orders.sent.length === 0) return;
    const key = slab.keys[row] as NameEntry;
    const position = slab.position[row] as number;
    const asOld = late.asOld(rowReference(slab.id, row));
    sent.sent(key, { position, asOld, wave: slab.waves[row] as Wave }, orders.sent);
    runs?.stop(key);
  }

  /** A key has a failed event and nothing in flight any more. */
  settled(key: NameEntry): void {
    this.#parts.failures.settle(key);
  }

  /** A row is in the log only, and needs its lane no more. */
  released(slab: HubSlab, row: number): void {
    const { late, retried, inFlight } = this.#parts;
    const position = slab.position[row] as number;
    const call = late.released(rowReference(slab.id, row));
    const letter = retried.get(position);
    // Of a parked letter the event stays unfinished, and comes again.
    if (letter?.state === 'skipped' && (!call || call.letter === letter)) retried.delete(position);
    inFlight.release(slab, row);
  }

  /** One more event of the key is unfinished. */
  began(key: NameEntry): void {
    this.#parts.inFlight.began(key);
  }

  /** An event of the key is finished, or parked. */
  ended(key: NameEntry): void {
    this.#parts.inFlight.ended(key);
  }

  /** Whether a new event of the key would have to wait for the backlog. */
  hasBacklog(key: string): boolean {
    return this.#parts.holding.hasBacklog(key);
  }

  /** What follows a commit, an answer, and whatever else makes room: waiting work goes on as far as it may. */
  pump(): void {
    if (this.#failure) return;
    const { pressure, health, parking, commits, entrance, pump, timers, past, commands } = this.#parts;
    try {
      pressure.check();
      health.check(parking.parked);
      commits.schedule();
      timers.advance();
      entrance.advance();
      pump.pump();
      commands.pump();
      past.advance();
    } catch (error) {
      // What the file has of states and timers cannot be read: no caller of this could do anything about it.
      this.fail(toError(error));
    }
  }

  /** A lane has answered orders of its commands. */
  decided(seat: LaneSeat, answer: CommandAnswer): void {
    this.#parts.commands.answered(seat, answer);
  }

  /** A lane has died; its events have been taken back. */
  laneLost(seat: LaneSeat, judgement: Judgement): void {
    this.#parts.commands.lost(seat, judgement);
  }

  restore(facts: RowFacts, event: RawEvent, wave: Wave, isNew: boolean, again?: RetriedLetter): void {
    if (this.#failure) throw this.#failure;
    putBack(this.#parts, { facts, event, wave, isNew, again });
  }

  unpark(key: NameEntry): void {
    if (key.place === KeyPlace.Parked) this.#parts.scheduler.unpark(key);
  }

  nextUnfinished(from: number): number {
    return nextUnfinished(this.#parts, from);
  }

  nextLate(): number {
    return this.#parts.late.nextUndone(1);
  }

  isLeft(raw: RawEvent): boolean {
    return isLeft(this.#parts, raw);
  }

  finish(position: number): void {
    this.#parts.progress.finish(position);
  }

  discard(letter: SettledLetter): void {
    const { progress, commits, receipts, late } = this.#parts;
    if (letter.owners.includes(LANES)) progress.finish(letter.position);
    late.discard(letter);
    commits.raise(letter);
    receipts.handled(letter.position);
  }

  /** A slab's memory is given up for good. */
  forget(slab: HubSlab): void {
    const { pump, store } = this.#parts;
    pump.forget(slab);
    store.forget(slab);
  }

  flush(): void {
    this.#parts.commits.flush();
  }

  async flushed(): Promise<void> {
    const isStored = await this.#parts.commits.flushed();
    if (this.#failure) throw this.#failure;
    // The engine was closed meanwhile, and nobody will hear what became of it.
    if (!isStored) throw closedError();
  }

  /** Resolves when everything accepted so far, and what it leads to, is committed and handled; parked keys left out. */
  async drain(): Promise<void> {
    if (this.#failure) throw this.#failure;
    await this.#parts.waves.settled();
    await this.flushed();
  }

  /** Stops everything: nothing more is acknowledged. */
  fail(cause: Error): void {
    if (this.#failure) return;
    const { notices, health, receipts, entrance, waves, past, commands } = this.#parts;
    this.#failure = new EngineFailedError(
      `The engine stopped: ${reasonOf(cause)}. Close it and open the store again to go on.`,
      { cause },
    );
    this.#state.to('failed');
    this.stop();
    notices.send({ kind: 'failed', error: this.#failure });
    health.tell();
    receipts.rejectAll(this.#failure);
    past.fail(this.#failure);
    entrance.close(this.#failure);
    commands.fail(this.#failure);
    waves.releaseAll();
  }

  /** Sends nothing more to writer or lanes. */
  stop(): void {
    const { commits, pump, crew, failures, health, late, timers, commands, sent } = this.#parts;
    commits.stop();
    sent.stop();
    commands.stop();
    timers.stop();
    late.stop();
    pump.stop();
    crew.stop();
    failures.stop();
    health.end();
  }
}
