import type { Codec } from '../../events/codec.js';
import { decodeError } from '../../kernel/error-codec.js';
import {
  BroadcastError,
  HandlerTimeoutError,
  LaneCrashedError,
  UnsupportedPayloadError,
} from '../../kernel/errors.js';
import { reasonOf, toError } from '../../kernel/thrown.js';
import type { Time } from '../../kernel/time.js';
import type { CommandAnswer, LoadedAggregate } from '../../lanes/aggregates/protocol.js';
import type { MakeLane } from '../../lanes/executor.js';
import type { LaneLog } from '../../lanes/history.js';
import type { HandledType, LaneAnswer, LaneSetup } from '../../lanes/protocol.js';
import type { LaneScheduler } from '../../lanes/scheduler.js';
import { MAX_LANE_DEATHS, TIMEOUT_GRACE_MS } from '../../limits.js';
import type { ThreadWatch } from '../../sampling/sampled-thread.js';
import type { SlabPool } from '../sequence/slab-pool.js';
import { type Judgement, judge } from './judge.js';
import { LaneContents } from './lane-contents.js';
import { LaneSeat, type Suspect } from './lane-seat.js';
import type { Orders } from './orders.js';

/** What a lane is told at its opening besides its number and the shapes known by then. */
export type CrewSetup = Omit<LaneSetup, 'lane' | 'shapes'>;

/** What a crew is made of. */
export interface CrewParts {
  readonly makeLane: MakeLane;
  readonly setup: CrewSetup;
  readonly time: Time;
  readonly orders: Orders;
  /** What handlers read. */
  readonly log: LaneLog;
}

/** What the crew's owner does. */
export interface CrewEvents {
  /** A lane can take work. */
  ready(): void;
  /** A lane has answered; its answers come in its own order. */
  answered(seat: LaneSeat, answer: LaneAnswer): void;
  /** A lane has answered orders of its commands. */
  decided(seat: LaneSeat, answer: CommandAnswer): void;
  /** A lane died. Takes its rows back, and returns the keys that must be run alone. */
  lost(seat: LaneSeat, judgement: Judgement): readonly Suspect[];
  /** It is being replaced. */
  replaced(lane: number, error: Error): void;
  failed(error: Error): void;
}

/** The lanes: opened, watched, replaced when they die, more or fewer on demand. */
export class LaneCrew {
  /** By lane number. */
  readonly seats: (LaneSeat | undefined)[] = [];
  readonly #makeLane: MakeLane;
  readonly #setup: CrewSetup;
  readonly #codec: Codec;
  readonly #scheduler: LaneScheduler;
  readonly #pool: SlabPool;
  readonly #time: Time;
  readonly #events: CrewEvents;
  /** Who waits for the end of a retiring lane. */
  readonly #ended = new Map<LaneSeat, (gone: Promise<unknown>) => void>();
  /** Lanes that are being opened beside the others, and lanes whose end has begun. */
  readonly #opening = new Set<LaneSeat>();
  readonly #ending = new Set<Promise<void>>();
  readonly #orders: Orders;
  readonly #log: LaneLog;
  /** Tasks handed to lanes so far. */
  tasks = 0;
  #timeoutMs: number | undefined;
  readonly #contents = new LaneContents();
  #deaths = 0;
  #resizing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    { makeLane, setup, time, orders, log }: CrewParts,
    codec: Codec,
    scheduler: LaneScheduler,
    pool: SlabPool,
    events: CrewEvents,
  ) {
    this.#pool = pool;
    this.#orders = orders;
    this.#log = log;
    this.#makeLane = makeLane;
    this.#setup = setup;
    this.#codec = codec;
    this.#scheduler = scheduler;
    this.#time = time;
    this.#events = events;
  }

  get threads(): number {
    return this.#orders.threads;
  }

  get aggregates(): readonly LoadedAggregate[] {
    return this.#contents.aggregates;
  }

  /** Opens the first lanes. @throws the coded error of the handler module that could not be loaded. */
  async open(): Promise<readonly HandledType[]> {
    const { threads } = this.#orders;
    const seats = Array.from({ length: Math.max(1, threads) }, (_, lane) => this.#seat(lane, threads));
    this.seats.push(...seats);
    const handled = await Promise.all(seats.map((seat) => this.#openLane(seat)));
    await Promise.all(seats.map((seat) => this.#join(seat)));
    const timeouts = handled[0]?.flatMap(({ timeoutMs }) => timeoutMs ?? []) ?? [];
    this.#timeoutMs = timeouts.length === 0 ? undefined : Math.min(...timeouts);
    return handled[0] ?? [];
  }

  /**
   * Makes it so many threads, 0 for the main thread. A lane that goes finishes what it has; its keys' waiting
   * events go to the others, so no order is broken. Resolves when it is done.
   */
  resize(threads: number): Promise<void> {
    const resized = this.#resizing.then(() => this.#resize(threads));
    this.#resizing = resized.catch(() => {});
    return resized;
  }

  /** Has all lanes sampled, also those that come later, until `endProfile`. */
  async profile(profiles: ThreadWatch): Promise<void> {
    this.#orders.profiles = profiles;
    await Promise.all(this.seats.map((seat) => seat?.state === 'open' && profiles.join(seat)));
  }

  endProfile(): void {
    this.#orders.profiles = undefined;
  }

  /** Calls every lane's `onBroadcast` hooks. @throws UnsupportedPayloadError, BroadcastError */
  async broadcast(message: unknown): Promise<void> {
    this.#orders.message = { value: copyOf(message) };
    const seats = this.seats.filter((seat) => seat?.state === 'open') as LaneSeat[];
    const answers = await Promise.all(seats.map((seat) => this.#tell(seat)));
    const deaf = seats.filter((_, index) => (answers[index] ?? 0) !== 0).map(({ number }) => number);
    if (deaf.length === 0) return;
    const first = answers.find((answer) => answer !== 0);
    throw new BroadcastError(
      `onBroadcast failed on ${deaf.length === 1 ? 'lane' : 'lanes'} ${deaf.join(', ')}: ${reasonOf(first)}. The lanes go on.`,
      { cause: first, details: { lanes: deaf.join(',') } },
    );
  }

  /** A batch was sent: somebody must look whether it ends in time. */
  watch(seat: LaneSeat): void {
    if (this.#timeoutMs === undefined || seat.watch !== undefined || !seat.onThread) return;
    seat.watch = this.#time.set(() => this.#look(seat), this.#timeoutMs + TIMEOUT_GRACE_MS);
  }

  /** An answer of a lane has been dealt with. */
  answered(seat: LaneSeat): void {
    this.#deaths = 0;
    if (!seat.isDone) return;
    this.#time.clear(seat.watch);
    seat.watch = undefined;
    if (seat.retiring) this.#end(seat);
  }

  /** A lane did not answer: it is dead. */
  lost(seat: LaneSeat, error: Error): void {
    if (seat.state === 'ended' || this.#closed) return;
    this.#leave(seat, error);
    const judgement = judge(seat, error);
    const suspects = this.#events.lost(seat, judgement);
    if (this.#closed) return;
    const isBlamed = judgement.guilty.length > 0 || judgement.command !== undefined;
    if (!isBlamed && suspects.length === 0 && !this.#mayDieAgain(error)) return;
    this.#events.replaced(seat.number, judgement.error);
    if (seat.retiring && suspects.length === 0) this.#ended.get(seat)?.(Promise.all(this.#ending));
    else this.#replace(seat, suspects);
  }

  /** Replaces nobody any more. */
  stop(): void {
    this.#closed = true;
    for (const seat of this.seats) this.#time.clear(seat?.watch);
    for (const wake of this.#ended.values()) wake(Promise.resolve());
  }

  async close(): Promise<void> {
    this.stop();
    const seats = [...this.seats.splice(0), ...this.#opening];
    await Promise.all([...seats.map((seat) => seat?.lane.end()), ...this.#ending]);
  }

  async #resize(threads: number): Promise<void> {
    if (this.#closed) return;
    const wanted = Math.max(1, threads);
    const leaves = (seat: LaneSeat | undefined): seat is LaneSeat =>
      seat !== undefined && (seat.number >= wanted || seat.onThread !== threads > 0);
    const coming = Array.from({ length: wanted }, (_, lane) => lane)
      .filter((lane) => !this.seats[lane] || leaves(this.seats[lane]))
      .map((lane) => this.#seat(lane, threads));
    // The new ones open beside the old ones: should a handler module not load any more, nothing has changed.
    await this.#openAll(coming);
    if (this.#closed) return;
    // Those that leave now: one that died while the others opened has been replaced by another one.
    await Promise.all(this.seats.filter(leaves).map((seat) => this.#retire(seat)));
    if (this.#closed) return;
    this.#orders.threads = threads;
    for (const seat of coming) {
      this.#opening.delete(seat);
      this.seats[seat.number] = seat;
    }
    await Promise.all(coming.map((seat) => this.#join(seat)));
    // What waited for a lane that has left may go to another one.
    if (!this.#closed) this.#events.ready();
  }

  /** Opens lanes, or none of them. */
  async #openAll(seats: readonly LaneSeat[]): Promise<void> {
    for (const seat of seats) this.#opening.add(seat);
    const outcomes = await Promise.allSettled(seats.map((seat) => this.#openLane(seat)));
    const refused = outcomes.find((outcome) => outcome.status === 'rejected');
    if (!refused) return;
    for (const seat of seats) this.#opening.delete(seat);
    await Promise.all(seats.map((seat) => seat.lane.end()));
    if (!this.#closed) throw refused.reason;
  }

  #retire(seat: LaneSeat): Promise<void> {
    seat.retiring = true;
    this.#countOpen();
    return new Promise((resolve) => {
      this.#ended.set(seat, (gone) => {
        this.#ended.delete(seat);
        resolve(gone.then(() => {}));
      });
      if (seat.isDone && seat.state === 'open') this.#end(seat);
    });
  }

  #end(seat: LaneSeat): void {
    const gone = this.#leave(seat);
    this.#ended.get(seat)?.(gone);
  }

  /** Takes a seat out of the crew and ends its lane, in whatever state it is. */
  #leave(seat: LaneSeat, error?: Error): Promise<void> {
    this.#orders.profiles?.left(seat, error);
    seat.to('ended');
    // Also when it ends in order: what it gave back it may not have noticed yet.
    this.#scheduler.lost(seat.number);
    this.#time.clear(seat.watch);
    if (this.seats[seat.number] === seat) this.seats[seat.number] = undefined;
    this.#countOpen();
    const gone = seat.lane
      .end()
      .catch((error: Error) => this.#events.failed(error))
      .finally(() => this.#ending.delete(gone));
    this.#ending.add(gone);
    return gone;
  }

  /** Counts a death that no event can be blamed for: such a lane might die for ever. */
  #mayDieAgain(error: Error): boolean {
    this.#deaths++;
    if (this.#deaths <= MAX_LANE_DEATHS) return true;
    this.#events.failed(
      new LaneCrashedError(
        `${error.message} It died ${this.#deaths} times in a row without an event to blame.`,
        {
          cause: error,
        },
      ),
    );
    return false;
  }

  #replace(seat: LaneSeat, suspects: readonly Suspect[]): void {
    const next = this.#seat(seat.number, this.threads);
    this.seats[next.number] = next;
    next.suspects.push(...suspects);
    const ended = this.#ended.get(seat);
    if (seat.retiring && ended) {
      next.retiring = true;
      this.#ended.delete(seat);
      this.#ended.set(next, ended);
    }
    this.#start(next).catch((error: Error) => {
      if (!this.#closed) this.#events.failed(error);
    });
  }

  /** Opens a lane beside running ones. */
  async #start(seat: LaneSeat): Promise<void> {
    try {
      await this.#openLane(seat);
    } catch (error) {
      if (!(error instanceof LaneCrashedError) || this.#closed) throw error;
      this.lost(seat, error);
      return;
    }
    await this.#join(seat);
  }

  /** Lets an opened lane take work, when it has heard the last message. */
  async #join(seat: LaneSeat): Promise<void> {
    for (let heard: unknown; this.#orders.message !== heard && seat.state !== 'ended'; ) {
      heard = this.#orders.message;
      await this.#tell(seat);
    }
    if (seat.state !== 'ended') await this.#orders.profiles?.join(seat);
    if (seat.state === 'ended' || this.#closed) return;
    if (seat.diedEarly) return this.lost(seat, seat.diedEarly);
    seat.to('open');
    this.#countOpen();
    this.#events.ready();
    if (seat.retiring && seat.isDone) this.#end(seat);
  }

  #seat(lane: number, threads: number): LaneSeat {
    const made = this.#makeLane(lane, threads);
    return new LaneSeat(lane, made, threads > 0, this.#codec.shapes.length, this.#pool);
  }

  async #openLane(seat: LaneSeat): Promise<readonly HandledType[]> {
    this.tasks++;
    const handled = await seat.lane.open(
      { ...this.#setup, lane: seat.number, shapes: this.#codec.shapes },
      {
        answered: (answer) => {
          for (const due of seat.inOrder(answer)) this.#events.answered(seat, due);
        },
        log: this.#log,
        // Also one that had nothing to do: its next event need not be the one that finds out. Of one that dies while
        // others open, or before it has joined, it is taken note.
        died: (error) => {
          if (seat.state === 'open') this.lost(seat, error);
          else seat.diedEarly ??= error;
        },
      },
    );
    const { commands } = seat.lane;
    this.#contents.check(handled, commands?.loaded ?? []);
    if (commands) commands.answered = (answer) => this.#events.decided(seat, answer);
    return handled;
  }

  /** 0, or what a hook threw. A lane that dies meanwhile is replaced, and the new one is told. */
  async #tell(seat: LaneSeat): Promise<Error | 0> {
    this.tasks++;
    try {
      const [error] = await seat.lane.broadcast(this.#orders.message?.value);
      return error ? decodeError(error) : 0;
    } catch (error) {
      this.lost(seat, toError(error));
      return 0;
    }
  }

  #look(seat: LaneSeat): void {
    seat.watch = undefined;
    if (seat.state === 'ended' || seat.sent.count === 0) return;
    const now = this.#time.steady();
    const { cell } = seat.lane;
    const late = now - TIMEOUT_GRACE_MS;
    const guilty = cell.overdue(late, true);
    // A handler on the stack, or one that went on after an await, holds the others up: their being late says nothing.
    const isHeldUp = guilty.length === 0 && cell.running === undefined && cell.overdue(late).length > 0;
    if (guilty.length > 0 || isHeldUp) {
      const error = new HandlerTimeoutError(
        `A handler on lane ${seat.number} did not end within its timeoutMs and the ${TIMEOUT_GRACE_MS} ms after it, so its thread was ended. Look at ctx.signal in long work.`,
        { details: { lane: seat.number } },
      );
      const { active } = cell;
      if (!isHeldUp) seat.verdict = { guilty, suspects: [], error };
      else if (active.length === 1) seat.verdict = { guilty: active, suspects: [], error };
      else seat.verdict = { guilty: [], suspects: active, error };
      this.lost(seat, error);
      return;
    }
    const next = cell.deadlineFrom(late) || now + (this.#timeoutMs ?? 0);
    seat.watch = this.#time.set(() => this.#look(seat), Math.max(1, next + TIMEOUT_GRACE_MS - now + 1));
  }

  #countOpen(): void {
    const open = this.seats.filter((seat) => seat?.state === 'open' && !seat.retiring).length;
    this.#scheduler.openLanes = Math.max(1, open);
  }
}

function copyOf(message: unknown): unknown {
  try {
    return structuredClone(message);
  } catch (error) {
    throw new UnsupportedPayloadError(
      `broadcast: the message cannot be sent to threads: ${reasonOf(error)}. Send plain data.`,
      { cause: error },
    );
  }
}
