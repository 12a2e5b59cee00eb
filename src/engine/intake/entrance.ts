import type { Taker } from '../sequence/hub-slab.js';
import type { KeyGate } from '../sequence/key-gate.js';
import type { Prepared } from '../sequence/row-facts.js';
import { Admission, type Need } from './admission.js';
import type { Wave, Waves } from './waves.js';

/** What the entrance asks of its owner. */
export interface EntranceParts {
  readonly waves: Waves;
  /** In deterministic mode only. */
  readonly gate: KeyGate | undefined;
  /** Whether there is room for published events, and for one more that is read from the log. */
  readonly hasRoom: (need: Need) => boolean;
  readonly hasRoomToFeed: () => boolean;
  /** Throws for a caller that must not wait for room, because the room has to come from it. */
  readonly checkWait: () => void;
  readonly onWaited: (milliseconds: number) => void;
}

/**
 * Where events come in: publishers wait for room, and in deterministic mode for their key to be quiet; what is read
 * from the log again has a door of its own, which opens first. Whoever waits holds up those who wait for the wave of
 * the moment in which it came.
 */
export class Entrance {
  readonly #waves: Waves;
  readonly #gate: KeyGate | undefined;
  readonly admission: Admission;
  readonly #feeders: Admission;
  #refusal: Error | undefined;

  constructor({ waves, gate, hasRoom, hasRoomToFeed, checkWait, onWaited }: EntranceParts) {
    this.#waves = waves;
    this.#gate = gate;
    this.admission = new Admission(hasRoom, onWaited, checkWait);
    this.#feeders = new Admission(hasRoomToFeed);
  }

  /** Whether there is room for one more event that is read from the log. */
  get isOpenToFeed(): boolean {
    return this.#feeders.isOpen;
  }

  /**
   * Whether an event that comes in now must wait for its key to be quiet.
   *
   * @param latest time of those that come in with it.
   */
  mustWait(event: Prepared, latest = event.occurredAt): boolean {
    return this.#gate?.mustWait(event, latest) ?? false;
  }

  /**
   * Gives a kept event to its taker when its key is quiet. What it takes in belongs to the wave of this moment, or to
   * the given one.
   *
   * @param mayRunAhead whether the event may run before it has its number.
   * @throws what refuses the event, at once.
   */
  whenQuiet(event: Prepared, taker: Taker, mayRunAhead: boolean, wave = this.#waves.taking): void {
    if (this.#refusal) {
      taker.refuse(this.#refusal);
      return;
    }
    this.#waves.join(wave);
    try {
      this.#gate?.add(event, taker, wave, mayRunAhead);
    } catch (error) {
      this.#waves.leave(wave);
      throw error;
    }
  }

  /**
   * Keeps a key quiet for a command: `go` is called when everything before it is in, and nothing else of the key comes in
   * until `letGo`. At once without a gate, where the order within a key need not be the same each time.
   */
  hold(key: string, go: () => void, refuse: (error: Error) => void): void {
    if (this.#refusal) refuse(this.#refusal);
    else if (this.#gate) this.#gate.hold(key, go, refuse);
    else go();
  }

  letGo(key: string): void {
    this.#gate?.letGo(key);
  }

  /** Runs `accept` when there is room, in the wave of this moment or in the given one. */
  whenRoom<Result>(
    accept: () => Result | PromiseLike<Result>,
    signal: AbortSignal | undefined,
    {
      need,
      wave = this.#waves.taking,
    }: { readonly need?: Need | undefined; readonly wave?: Wave | undefined } = {},
  ): Promise<Result> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    const leave = this.#waiting(wave);
    const go = () => {
      try {
        return this.#waves.within(wave, accept);
      } finally {
        leave();
      }
    };
    let entered: Promise<Result>;
    try {
      entered = this.admission.enter(go, signal, need && { need });
    } catch (error) {
      leave();
      throw error;
    }
    entered.then(leave, leave);
    return entered;
  }

  /** Runs `enter`, which puts an event of the log on its way, when there is room for it. */
  whenRoomToFeed(enter: () => void): Promise<void> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    return this.#feeders.enter(enter, undefined);
  }

  /** Looks at every key again that somebody waits for. */
  recheckKeys(): void {
    this.#gate?.recheck();
  }

  /** Lets in whom it may. */
  advance(): void {
    this.#gate?.advance();
    this.#feeders.advance();
    this.admission.advance();
  }

  /** Sends everybody away, also those who come later: the engine has failed. */
  close(error: Error): void {
    this.#refusal = error;
    this.admission.refuseAll(error);
    this.#feeders.refuseAll(error);
    this.#gate?.refuseAll(error);
  }

  /** Returns what says, any number of times, that somebody waits no more. */
  #waiting(wave: Wave): () => void {
    let waits = true;
    this.#waves.join(wave);
    return () => {
      if (waits) this.#waves.leave(wave);
      waits = false;
    };
  }
}
