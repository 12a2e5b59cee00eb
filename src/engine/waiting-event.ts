import type { NameEntry } from './directory.js';
import type { Prepared } from './prepare.js';
import type { HubSlab } from './slab-pool.js';
import type { Wave } from './waves.js';

/** Who hears what becomes of an event that had to wait. */
export interface Taker {
  /** Its turn has come. */
  accept(event: Prepared): void;
  refuse(error: unknown): void;
}

/** Names that are kept for an event until it has its number. */
export interface ReservedNames {
  readonly aggregate: NameEntry;
  readonly key: NameEntry;
}

/** Events of one key that run ahead of their numbers. */
export interface KeyRun {
  readonly list: readonly WaitingEvent[];
  /** Those that did not run, and wait again when the run has ended. */
  readonly back: WaitingEvent[];
  /** Rows that have not run and have not come back. */
  left: number;
}

/**
 * An event that waits until its key is quiet: one object from when it came until it has its number. A full engine has
 * as many as fit in flight, and they live long enough to be copied by the garbage collector, so it holds no closures.
 */
export class WaitingEvent {
  readonly event: Prepared;
  readonly taker: Taker;
  readonly wave: Wave;
  /** Whether it may run before it has its number. */
  readonly mayRunAhead: boolean;
  readonly names: ReservedNames;
  /** While it runs ahead: with which others, as which of them, and in which row. */
  run: KeyRun | undefined;
  order = 0;
  slab: HubSlab | undefined;
  row = 0;
  /** A lane has it, under the version that it will have if nothing comes before it. */
  sent = false;

  constructor(event: Prepared, taker: Taker, wave: Wave, mayRunAhead: boolean, names: ReservedNames) {
    this.event = event;
    this.taker = taker;
    this.wave = wave;
    this.mayRunAhead = mayRunAhead;
    this.names = names;
  }
}
