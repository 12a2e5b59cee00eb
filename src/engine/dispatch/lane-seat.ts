import type { Codec } from '../../events/codec.js';
import { slabOf } from '../../events/slab.js';
import type { Lane } from '../../lanes/executor.js';
import type { CalledHandlers, LaneAnswer, LaneBatch, NewSlab } from '../../lanes/protocol.js';
import type { StateCargo } from '../../lanes/states/cargo.js';
import type { SampledThread } from '../../sampling/sampled-thread.js';
import type { ProfileOrder, ThreadReading } from '../../sampling/thread-profiler.js';
import type { NameEntry } from '../sequence/directory.js';
import type { HubSlab } from '../sequence/hub-slab.js';
import type { SlabPool } from '../sequence/slab-pool.js';
import type { StateHolder } from '../states/key-states.js';
import { SentRows } from './sent-rows.js';

/**
 * Where a lane is in its life.
 *
 * - `opening`: its thread starts and loads the handlers; it hears the last broadcast and begins to be profiled.
 * - `open`: it is sent batches, unless it retires.
 * - `ended`: it has died, or is being ended; what it still answers is not taken.
 */
export type SeatState = 'opening' | 'open' | 'ended';

/** What may follow each state. */
const NEXT: Readonly<Record<SeatState, readonly SeatState[]>> = {
  opening: ['open', 'ended'],
  open: ['ended'],
  ended: [],
};

/** A key whose events run one at a time, up to an event under suspicion. */
export interface Suspect {
  readonly key: NameEntry;
  readonly until: number;
}

/** What somebody knows about a lane's death before it is seen. */
export interface Verdict {
  /** Row references of the events to blame, and of those that may be to blame. */
  readonly guilty: readonly number[];
  readonly suspects: readonly number[];
  /** Number of the command to blame. */
  readonly command?: number | undefined;
  readonly error: Error;
}

/** One lane as the main thread sees it: what its thread knows already, and what it has not answered yet. */
export class LaneSeat implements StateHolder, SampledThread {
  readonly role = 'lane';
  readonly number: number;
  readonly lane: Lane;
  readonly onThread: boolean;
  #state: SeatState = 'opening';
  /** It has answered nothing yet, so that nothing which has ended, well or not, can have left a timer behind. */
  isFresh = true;
  /** It takes nothing more in, and ends when it is done. */
  retiring = false;
  /** The rows that it has and has not answered. */
  readonly sent: SentRows;
  /** The oldest sending at the last look at what it keeps from idle lanes. */
  oldestSeen: number | undefined;
  /** Keys to run alone before anything else. */
  readonly suspects: Suspect[] = [];
  verdict: Verdict | undefined;
  /** What it has died of before it took anything. */
  diedEarly: Error | undefined;
  /** Commands and queries that it has and has not answered. */
  commands = 0;
  /** The number of the one command that runs alone on it. */
  aloneCommand: number | undefined;
  /** Timer of the look at its deadlines. */
  watch: unknown;
  readonly #known = new Set<HubSlab>();
  #cleared: number[] = [];
  #forgotten: number[] = [];
  #forgottenStates: number[] = [];
  #shapes: number;
  /** Payload shapes that the lane was told of at its opening. */
  readonly shapesAtOpening: number;
  /** Answers that came before an earlier one, by number. */
  readonly #early = new Map<number, LaneAnswer>();
  #answers = 0;

  /** @param shapes payload shapes that the lane is told of at its opening. */
  constructor(number: number, lane: Lane, onThread: boolean, shapes: number, pool: SlabPool) {
    this.sent = new SentRows(pool);
    this.number = number;
    this.lane = lane;
    this.onThread = onThread;
    this.#shapes = shapes;
    this.shapesAtOpening = shapes;
  }

  /** Of its thread. */
  get name(): string {
    return `lane-${this.number}`;
  }

  profile(order: ProfileOrder): Promise<ThreadReading | undefined> {
    return this.lane.profile(order);
  }

  get state(): SeatState {
    return this.#state;
  }

  /** Goes on to another state, if that may follow: only this changes it. */
  to(next: SeatState): void {
    if (NEXT[this.#state].includes(next)) this.#state = next;
  }

  /** Whether nothing is left to do on it before it may be ended. */
  get isDone(): boolean {
    return this.sent.count === 0 && this.suspects.length === 0 && this.commands === 0;
  }

  /** The answers that are due now that this one is here, in the lane's own order. */
  *inOrder(answer: LaneAnswer): Generator<LaneAnswer> {
    this.#early.set(answer.number, answer);
    for (let next = this.#early.get(this.#answers + 1); next; next = this.#early.get(this.#answers + 1)) {
      this.#early.delete(next.number);
      this.#answers++;
      yield next;
    }
  }

  /** Main thread and lane agree that the key may run again. */
  clear(key: NameEntry): void {
    this.#cleared.push(key.id);
  }

  /** A slab's memory is given up for good. */
  forget(slab: HubSlab): void {
    if (this.#known.delete(slab)) this.#forgotten.push(slab.id);
  }

  forgetStates(key: number): void {
    this.#forgottenStates.push(key);
  }

  /** The message for rows, with everything that the lane does not know yet. */
  compose(
    ticket: number,
    rows: Uint32Array,
    pool: SlabPool,
    codec: Codec,
    attempts: ReadonlyMap<number, number> | undefined,
    only: ReadonlyMap<number, CalledHandlers> | undefined,
    states: Uint8Array | undefined,
  ): LaneBatch {
    const cleared = this.#cleared;
    this.#cleared = [];
    const forgotten = this.#forgotten;
    this.#forgotten = [];
    const { shapes } = codec;
    const cargo = this.#takeCargo(states);
    const newShapes = this.#shapes < shapes.length;
    this.#shapes = shapes.length;
    return {
      kind: 'batch',
      ticket,
      slabs: this.#newSlabs(rows, pool),
      forgotten,
      rows,
      cleared,
      ...(newShapes && { shapes }),
      ...(attempts && { attempts }),
      ...(only && { only }),
      ...(cargo && { states: cargo }),
    };
  }

  #takeCargo(states: Uint8Array | undefined): StateCargo | undefined {
    const forgotten = this.#forgottenStates;
    if (!states && forgotten.length === 0) return undefined;
    this.#forgottenStates = [];
    return { forgotten, ...(states && { states }) };
  }

  #newSlabs(rows: Uint32Array, pool: SlabPool): NewSlab[] {
    const slabs: NewSlab[] = [];
    let last = -1;
    for (const reference of rows) {
      const id = slabOf(reference);
      if (id === last) continue;
      last = id;
      const slab = pool.slabs[id] as HubSlab;
      if (this.#known.has(slab)) continue;
      this.#known.add(slab);
      slabs.push({ id, memory: slab.memory });
    }
    return slabs;
  }
}
