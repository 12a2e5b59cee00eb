import { Slab } from '../../events/slab.js';
import { SLAB_ROWS } from '../../limits.js';
import type { Wave } from '../intake/waves.js';
import type { NameEntry } from './directory.js';
import type { Prepared } from './row-facts.js';

/** A slab with what only the main thread knows of its rows. */
export class HubSlab extends Slab {
  /** The next row in the queue of the same key; see the scheduler. */
  readonly next = new Float64Array(SLAB_ROWS);
  /** When each row was accepted, by `performance.now()`; many rows share a reading. */
  readonly acceptedAt = new Float64Array(SLAB_ROWS);
  /** What each row belongs to, for those who wait. */
  readonly waves: (Wave | undefined)[] = new Array(SLAB_ROWS);
  /** 1 for rows that were read from the log. */
  readonly isFed = new Uint8Array(SLAB_ROWS);
  readonly keys: (NameEntry | undefined)[] = new Array(SLAB_ROWS);
  /** Rows whose events run ahead of their numbers, in deterministic mode. */
  readonly ahead: (WaitingEvent | undefined)[] = [];
  /** Grows with each use of the memory, so that cached offsets of an earlier use are recognised. */
  serial = 0;
  /** Rows and bytes filled so far. */
  rows = 0;
  end = 0;
  /** What still needs the rows: each row's commit, each row's handling, and the filling itself. */
  holds = 0;
}

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
  /** What time of the data it was when it came. */
  readonly by: number;
  /** A lane has it, under the version that it will have if nothing comes before it. */
  sent = false;

  constructor(
    event: Prepared,
    taker: Taker,
    wave: Wave,
    mayRunAhead: boolean,
    names: ReservedNames,
    by: number,
  ) {
    this.by = by;
    this.event = event;
    this.taker = taker;
    this.wave = wave;
    this.mayRunAhead = mayRunAhead;
    this.names = names;
  }
}
