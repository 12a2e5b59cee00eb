import type { Codec } from '../../events/codec.js';
import type { Emission, TypedShape } from '../../events/emission.js';
import { rowOf, slabOf } from '../../events/slab.js';
import { encodeError } from '../../kernel/error-codec.js';
import type { Time } from '../../kernel/time.js';
import { KeyPlace, NO_ROW } from '../../lanes/key-state.js';
import type { LaneAnswer } from '../../lanes/protocol.js';
import type { LaneScheduler } from '../../lanes/scheduler.js';
import { StatesByCause } from '../../lanes/states/state-records.js';
import type { TimerOrders } from '../../lanes/timers/lane-timers.js';
import { HANDLED_SAMPLES } from '../../limits.js';
import type { Meters } from '../../observe/meters.js';
import type { CommandSuspects } from '../commands/suspects.js';
import type { FailedKeys } from '../failures/failed-keys.js';
import type { LateHandlers } from '../replay/late-handlers.js';
import type { NameEntry } from '../sequence/directory.js';
import type { HubSlab } from '../sequence/hub-slab.js';
import type { KeyRuns } from '../sequence/key-runs.js';
import type { SlabPool } from '../sequence/slab-pool.js';
import type { StateKeeper } from '../states/state-keeper.js';
import type { TimerKeeper } from '../timers/timer-keeper.js';
import { EmissionsByCause, Judged, NO_EMISSIONS, type Refusals, type Unfinished } from './emission-check.js';
import type { Judgement } from './judge.js';
import { LaneBalance } from './lane-balance.js';
import type { LaneCrew } from './lane-crew.js';
import type { LaneSeat, Suspect } from './lane-seat.js';
import { Tickets } from './sent-rows.js';

/** What a pump works with. */
export interface PumpParts {
  readonly crew: LaneCrew;
  readonly scheduler: LaneScheduler;
  readonly pool: SlabPool;
  readonly codec: Codec;
  readonly meters: Meters;
  readonly time: Time;
  /** In deterministic mode only. */
  readonly runs: KeyRuns | undefined;
  readonly failed: FailedKeys;
  readonly late: LateHandlers;
  readonly states: StateKeeper;
  readonly timers: TimerKeeper;
  readonly suspects: CommandSuspects;
  /** Commands of handlers. */
  readonly sent: { readonly isFull: boolean };
}

/** What the hub does with a lane's answer. */
export interface LaneEvents {
  readonly refusals: Refusals;
  emitted(emission: Emission, bytes: Buffer): void;
  unknownShape(shape: TypedShape): unknown;
  /** A state has a shape that has no number. */
  unknownStateShape(shape: TypedShape): unknown;
  finished(slab: HubSlab, row: number): void;
  /** A finished event wants something of its key's timers, or of aggregates. */
  ordered(slab: HubSlab, row: number, orders: TimerOrders): void;
  /** The lane's tracer failed so many times, which touched no event. */
  tracerFailed(times: number): void;
  /** A key has a failed event and nothing in flight any more. */
  settled(key: NameEntry): void;
  /** A whole answer has been dealt with. */
  answered(): void;
}

const FINISHED: Unfinished = { failures: [], held: [] };

/** Sends batches to lanes while they have room, and takes their answers apart. */
export class LanePump {
  readonly #crew: LaneCrew;
  readonly #scheduler: LaneScheduler;
  readonly #pool: SlabPool;
  readonly #codec: Codec;
  readonly #meters: Meters;
  readonly #events: LaneEvents;
  readonly #runs: KeyRuns | undefined;
  readonly #failed: FailedKeys;
  readonly #late: LateHandlers;
  readonly #states: StateKeeper;
  readonly #timers: TimerKeeper;
  readonly #commandSuspects: CommandSuspects;
  readonly #sent: PumpParts['sent'];
  readonly #tickets = new Tickets();
  readonly #balance: LaneBalance;
  #stopped = false;
  #first = 0;

  constructor(parts: PumpParts, events: LaneEvents) {
    const { crew, scheduler, pool, codec, meters, time, runs, failed, late, states, timers } = parts;
    this.#commandSuspects = parts.suspects;
    this.#sent = parts.sent;
    this.#runs = runs;
    this.#late = late;
    this.#states = states;
    this.#timers = timers;
    this.#failed = failed;
    this.#balance = new LaneBalance(crew, scheduler, time, {
      keyOf: (reference) => this.#keyOf(reference),
      taken: (rows) => rows.filter((reference) => !this.#dropped(reference)),
      ready: () => events.answered(),
    });
    this.#meters = meters;
    this.#crew = crew;
    this.#scheduler = scheduler;
    this.#pool = pool;
    this.#codec = codec;
    this.#events = events;
  }

  /** Gives every lane what it can take. Another lane is asked first each time, so that none is favoured. */
  pump(): void {
    const { seats } = this.#crew;
    this.#first = (this.#first + 1) % seats.length;
    let sent = true;
    while (sent && !this.#stopped && !this.#states.isFull && !this.#timers.isFull) {
      sent = false;
      for (let offset = 0; offset < seats.length; offset++) {
        const seat = seats[(this.#first + offset) % seats.length];
        if (seat?.state === 'open' && this.#feed(seat)) sent = true;
      }
    }
    if (!this.#stopped) this.#balance.watch();
  }

  /** A slab's memory is given up for good: no row of it is in flight, and its id is not used again soon. */
  forget(slab: HubSlab): void {
    for (const seat of this.#crew.seats) seat?.forget(slab);
  }

  stop(): void {
    this.#stopped = true;
    this.#balance.stop();
  }

  /** Takes back what a dead lane had: the guilty event has failed, everything else is to run again. */
  lost(seat: LaneSeat, { guilty, suspects, error }: Judgement): Suspect[] {
    const keys = this.#return(seat);
    // Suspects whose turn has not come yet.
    const alone = seat.suspects.splice(0).filter(({ key }) => !keys.has(key));
    const until = new Map([...suspects, ...guilty].map((reference) => [this.#keyOf(reference), reference]));
    for (const key of keys) {
      const reference = until.get(key);
      if (key.failing) this.#events.settled(key);
      else if (reference === undefined) this.#scheduler.resume(key);
      else if (guilty.includes(reference) && key.head === reference) {
        this.#failed.failed(key, { reference, error: encodeError(error), handler: '', lane: seat.number });
        this.#events.settled(key);
      } else alone.push({ key, until: reference });
    }
    // Suspects whose turn had not come are suspects still.
    alone.push(...seat.suspects.filter(({ key }) => !keys.has(key)));
    this.#events.answered();
    return alone;
  }

  /** Takes back everything that a dead lane had. Returns the keys of which something will run again. */
  #return({ sent }: LaneSeat): ReadonlySet<NameEntry> {
    const keys = new Set<NameEntry>();
    const begun = new Set(sent.begun);
    for (const reference of sent.takeAll()) {
      const key = this.#keyOf(reference);
      if (this.#runs && !keys.has(key) && begun.has(reference)) {
        // The first event of a run that may be to blame gets its number now: a dead letter needs one.
        this.#runs.numberBegun(reference);
        // It runs again with its number, so its lane would not know that what it emits comes before the rest of the run.
        this.#runs.stop(key);
      }
      if (this.#dropped(reference)) {
        if (key.failing) keys.add(key);
        continue;
      }
      this.#scheduler.returned(key, reference);
      keys.add(key);
    }
    return keys;
  }

  /** Sends the lane's next batch, if there is one. */
  #feed(seat: LaneSeat): boolean {
    const rows = seat.suspects.length > 0 ? this.#suspect(seat) : this.#next(seat);
    if (!rows) return false;
    this.#send(seat, rows);
    return true;
  }

  #next(seat: LaneSeat): Uint32Array | undefined {
    // A command that may have ended a thread runs alone.
    if (this.#commandSuspects.has(seat.number) || this.#sent.isFull) return undefined;
    return seat.retiring || this.#scheduler.queued === 0 ? undefined : this.#scheduler.take(seat.number);
  }

  /** One event alone: if the lane dies of it, there is no doubt. */
  #suspect(seat: LaneSeat): Uint32Array | undefined {
    if (seat.sent.count > 0) return undefined;
    for (let next = seat.suspects[0]; next; next = seat.suspects[0]) {
      const { key } = next;
      if (key.place === KeyPlace.Waiting && key.head !== NO_ROW) {
        return this.#scheduler.takeHead(key, seat.number);
      }
      seat.suspects.shift();
    }
    return this.#next(seat);
  }

  #send(seat: LaneSeat, taken: Uint32Array): void {
    const { count, states } = this.#states.load(seat, taken);
    const rows = count === taken.length ? taken : this.#giveBack(taken, count);
    const attempts = this.#failed.size === 0 ? undefined : this.#attempts(rows);
    const ticket = this.#tickets.next();
    if (this.#runs) for (const reference of rows) this.#runs.sent(reference);
    seat.sent.send(ticket, rows);
    this.#meters.sawKey(this.#keyOf(rows[this.#crew.tasks % rows.length] as number).name, rows.length);
    this.#crew.tasks++;
    this.#crew.watch(seat);
    const only = this.#late.onlyOf(rows);
    seat.lane.run(seat.compose(ticket, rows, this.#pool, this.#codec, attempts, only, states));
  }

  /** Keeps the first of some rows; the others are to be sent later. Returns those that are kept. */
  #giveBack(rows: Uint32Array, count: number): Uint32Array {
    this.#scheduler.givenBack([...rows.subarray(count)], (reference) => this.#keyOf(reference));
    return rows.slice(0, count);
  }

  #attempts(rows: Uint32Array): Map<number, number> {
    const attempts = new Map<number, number>();
    rows.forEach((reference, index) => {
      const key = this.#keyOf(reference);
      if (this.#failed.of(key)?.reference === reference) attempts.set(index, key.attempts);
    });
    return attempts;
  }

  /** Takes a lane's answer apart: what was emitted and what is finished go into one transaction. */
  take(seat: LaneSeat, answer: LaneAnswer): void {
    // An answer that was on its way when the lane was given up: its events run again.
    if (this.#stopped || seat.state === 'ended') return;
    const { done, failures, held, waiting, passed, busy, elapsed } = answer;
    // Taken now: while the answer is dealt with the next suspect may already be sent.
    const [suspect] = seat.suspects;
    const events = done.length + failures.length;
    if (events > 0) seat.isFresh = false;
    for (const shape of answer.unknownShapes) this.#events.unknownShape(shape);
    for (const shape of answer.stateShapes) this.#events.unknownStateShape(shape);
    if (answer.tracerErrors > 0) this.#events.tracerFailed(answer.tracerErrors);
    this.#scheduler.answered(seat.number, { passed, events, waiting: waiting.length, busy, elapsed });
    this.#measure(seat, answer);
    const refused = this.#takeDone(seat, answer);
    const unfinished = { failures: [...failures, ...refused.failures], held: [...held, ...refused.held] };
    if (unfinished.failures.length > 0 || unfinished.held.length > 0) this.#takeFailures(seat, unfinished);
    for (const reference of waiting) this.#keyOf(reference).waits = true;
    if (suspect) this.#acquit(seat, suspect, { done, failures: unfinished.failures });
    this.#crew.answered(seat);
    this.#events.answered();
  }

  /** A few of the events tell how long all of them have taken. */
  #measure(seat: LaneSeat, { done, failures, busy, types, heap }: LaneAnswer): void {
    this.#meters.worked(seat.number, { events: done.length + failures.length, busy, types, heap });
    const now = performance.now();
    const samples = Math.min(done.length, HANDLED_SAMPLES);
    for (let sample = 0; sample < samples; sample++) {
      const reference = done[Math.floor((sample * done.length) / samples)] as number;
      const acceptedAt = this.#slab(reference).acceptedAt[rowOf(reference)] as number;
      this.#meters.handled.record(now - acceptedAt, done.length / samples);
    }
  }

  /**
   * Each event, what it emitted, and that it is finished, in the order in which they ended. Returns those that are not
   * finished after all.
   */
  #takeDone({ sent }: LaneSeat, { done, emitted, states: changed, timers }: LaneAnswer): Unfinished {
    const { refusals } = this.#events;
    const emissions = emitted && new EmissionsByCause(emitted);
    const states = changed && new StatesByCause(changed);
    const orders = timers && new Map(timers.map((one) => [one.cause, one]));
    const isCrowded = changed !== undefined && this.#states.isCrowdedBy(changed.length, done.length);
    const judged =
      orders || refusals.arePossible() || isCrowded
        ? new Judged(refusals, (reference) => this.#keyOf(reference))
        : undefined;
    for (const reference of done) {
      const own = emissions?.of(reference) ?? NO_EMISSIONS;
      const ordered = orders?.get(reference);
      if (judged && !judged.passes(reference, own, ordered, () => this.#statesRefused(reference, states))) {
        states?.of(reference, () => {});
        continue;
      }
      sent.answered(reference);
      this.#runs?.number(reference);
      if (emissions) for (const emission of own) this.#events.emitted(emission, emissions.bytes);
      if (states) this.#takeStates(reference, states);
      if (ordered) this.#events.ordered(this.#slab(reference), rowOf(reference), ordered);
      this.#finish(reference);
    }
    return judged ?? FINISHED;
  }

  #statesRefused(reference: number, states: StatesByCause | undefined): Error | undefined {
    const key = this.#keyOf(reference);
    let refusal: Error | undefined;
    let more = 0;
    states?.peek(reference, (index, bytes) => {
      more += this.#states.growth(key, index, bytes);
      refusal = this.#states.refusalOf(key, more);
    });
    return refusal;
  }

  #takeStates(reference: number, states: StatesByCause): void {
    const key = this.#keyOf(reference);
    const position = this.#slab(reference).position[rowOf(reference)] as number;
    states.of(reference, (index, bytes) => this.#states.changed(key, index, bytes, position));
  }

  /** What is left of a failed key's events on the lane comes back, so that it waits for none of the others there. */
  #takeFailures(seat: LaneSeat, { failures, held }: Unfinished): void {
    const keys = new Set<NameEntry>();
    for (const { reference, error, handler } of failures) {
      const key = this.#keyOf(reference);
      this.#runs?.number(reference);
      this.#failed.failed(key, { reference, error, handler, lane: seat.number });
      this.#states.failed(key);
      seat.clear(key);
      this.#runs?.stop(key);
      keys.add(key);
    }
    const references = [...failures.map(({ reference }) => reference), ...held];
    for (const reference of references) seat.sent.answered(reference);
    if (failures.length > 0) references.push(...seat.sent.takeBack((key) => keys.has(key)));
    for (const reference of references) {
      const key = this.#keyOf(reference);
      keys.add(key);
      if (!this.#dropped(reference)) this.#scheduler.returned(key, reference);
    }
    for (const key of keys) if (this.#scheduler.isSettled(key)) this.#events.settled(key);
  }

  /**
   * Whether a row that came back runs ahead of its number. It is not queued again: what its lane knows of the run
   * another one does not, and something may come before it now. It and what stands behind it go back to the gate.
   */
  #dropped(reference: number): boolean {
    const key = this.#keyOf(reference);
    if (!this.#runs?.drop(reference)) return false;
    this.#scheduler.gone(key);
    this.#runs.stop(key);
    return true;
  }

  /** A suspect came back alive. If it threw instead, what to do about that has been decided. */
  #acquit(seat: LaneSeat, suspect: Suspect, { done, failures }: Pick<LaneAnswer, 'done' | 'failures'>): void {
    const { key, until } = suspect;
    const threw = failures.length > 0;
    if (!threw && (done.length === 0 || (done[0] !== until && key.head !== NO_ROW))) return;
    const index = seat.suspects.indexOf(suspect);
    if (index >= 0) seat.suspects.splice(index, 1);
    if (!threw) this.#scheduler.resume(key);
  }

  #finish(reference: number): void {
    const slab = this.#slab(reference);
    const row = rowOf(reference);
    const key = slab.keys[row] as NameEntry;
    if (key.attempts > 0) this.#failed.succeeded(key, reference);
    this.#scheduler.finished(key);
    this.#events.finished(slab, row);
  }

  #keyOf(reference: number): NameEntry {
    return this.#slab(reference).keys[rowOf(reference)] as NameEntry;
  }

  #slab(reference: number): HubSlab {
    return this.#pool.slabs[slabOf(reference)] as HubSlab;
  }
}
