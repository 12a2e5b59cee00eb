import { type Emission, readEmissions } from '../../events/emission.js';
import type { RegisteredType } from '../../events/registry.js';
import { encodeError } from '../../kernel/error-codec.js';
import type { LaneFailure } from '../../lanes/protocol.js';
import type { TimerOrders } from '../../lanes/timers/lane-timers.js';
import type { Directory, NameEntry } from '../sequence/directory.js';
import type { Sequencer } from '../sequence/sequencer.js';
import type { TimerKeeper } from '../timers/timer-keeper.js';

/** What may be refused of what handlers emit. */
export interface Refusals {
  /** Whether anything is refused at all: seldom, so most answers need no second look. */
  arePossible(): boolean;
  /** Why an emitted event cannot be taken in; undefined when it can. */
  of(emission: Pick<Emission, 'type' | 'aggregateId' | 'partitionKey'>): Error | undefined;
  /** Why what an event wants of its key's timers cannot be; undefined when it can. */
  ofTimers(key: NameEntry, orders: TimerOrders): Error | undefined;
}

/** Events of an answer that are to run again: those that failed, and those behind them. */
export interface Unfinished {
  readonly failures: readonly LaneFailure[];
  /** Row references. */
  readonly held: readonly number[];
}

/** What only the main thread knows of an emitted event: whose aggregate it is, and whether there is room for its names. */
export function refusalsIn(
  directory: Directory,
  sequencer: Sequencer,
  types: readonly (RegisteredType | undefined)[],
  timers: TimerKeeper,
  deterministic: boolean,
): Refusals {
  const of: Refusals['of'] = ({ type: id, aggregateId, partitionKey }) => {
    const type = types[id];
    return type && sequencer.refusalOf({ type, aggregateId, partitionKey: partitionKey || aggregateId });
  };
  return {
    arePossible: () => deterministic || directory.isFull,
    of,
    ofTimers(key, { commands }) {
      for (const command of commands) {
        const error = command.kind === 'schedule' ? of(command.event) : undefined;
        if (error) return error;
      }
      return commands.length === 0 ? undefined : timers.refusalOf(key, commands);
    },
  };
}

/**
 * The events of an answer as they count. An event whose handler emitted what cannot be taken in has failed, though its
 * lane knows nothing of that; and what the lane has handled of the event's key since then must run again behind it. What
 * either emitted or scheduled is dropped. Each event is judged when those before it are taken in: they may be what stands against it.
 */
export class Judged implements Unfinished {
  readonly failures: LaneFailure[] = [];
  readonly held: number[] = [];
  readonly #failing = new Set<NameEntry>();
  readonly #refusals: Refusals;
  readonly #keyOf: (reference: number) => NameEntry;

  constructor(refusals: Refusals, keyOf: (reference: number) => NameEntry) {
    this.#refusals = refusals;
    this.#keyOf = keyOf;
  }

  /**
   * Whether the event is finished, and what it emitted is to be taken in.
   *
   * @param orders what it wants of its key's timers.
   * @param statesRefused why what it made of its key's states cannot be kept; undefined when it can.
   */
  passes(
    reference: number,
    emissions: readonly Emission[],
    orders: TimerOrders | undefined,
    statesRefused: () => Error | undefined,
  ): boolean {
    const key = this.#keyOf(reference);
    if (key.failing || this.#failing.has(key)) {
      this.held.push(reference);
      return false;
    }
    const error = this.#refusalOf(key, emissions, orders) ?? statesRefused();
    if (!error) return true;
    this.#failing.add(key);
    this.failures.push({ reference, error: encodeError(error), handler: '' });
    return false;
  }

  #refusalOf(
    key: NameEntry,
    emissions: readonly Emission[],
    orders: TimerOrders | undefined,
  ): Error | undefined {
    for (const emission of emissions) {
      const error = this.#refusals.of(emission);
      if (error) return error;
    }
    return orders && this.#refusals.ofTimers(key, orders);
  }
}

export const NO_EMISSIONS: readonly Emission[] = [];

/** What the events of an answer emitted. It lies in the order in which they ended. */
export class EmissionsByCause {
  readonly bytes: Buffer;
  readonly #emissions: Iterator<Emission>;
  #next: Emission | undefined;

  constructor(emitted: Uint8Array) {
    this.bytes = Buffer.from(emitted.buffer, emitted.byteOffset, emitted.byteLength);
    this.#emissions = readEmissions(this.bytes);
    this.#advance();
  }

  /** What the event at a row reference emitted; to be asked for in the order of the answer. */
  of(reference: number): readonly Emission[] {
    if (this.#next?.cause !== reference) return NO_EMISSIONS;
    const own: Emission[] = [];
    while (this.#next?.cause === reference) {
      own.push(this.#next);
      this.#advance();
    }
    return own;
  }

  #advance(): void {
    const { done, value } = this.#emissions.next();
    this.#next = done ? undefined : value;
  }
}
