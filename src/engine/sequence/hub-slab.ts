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
  readonly ahead: (Ahead | undefined)[] = [];
  /** Grows with each use of the memory, so that cached offsets of an earlier use are recognised. */
  serial = 0;
  /** Rows and bytes filled so far. */
  rows = 0;
  end = 0;
  /** What still needs the rows: each row's commit, each row's handling, and the filling itself. */
  holds = 0;
}

/** An event that waits until its key is quiet. */
export interface Waiting {
  /** Left out: it must not run before it has its number. */
  readonly event: Prepared | undefined;
  /** Gives it its number. */
  readonly enter: () => void;
  readonly refuse: (error: unknown) => void;
}

/** An event that runs ahead of its number. */
export interface Ahead {
  readonly waiting: Waiting;
  readonly run: Run;
  readonly order: number;
  readonly slab: HubSlab;
  readonly row: number;
  readonly aggregate: NameEntry;
  /** A lane has it, under the version that it will have if nothing comes before it. */
  sent: boolean;
}

/** What the gate hears of a run. */
export interface RunEvents {
  began(key: NameEntry): void;
  /** An event has its number, or was refused. */
  left(): void;
  /** Nothing of it is under way any more; what did not run comes back, in order. */
  ended(back: readonly Waiting[]): void;
}

/** Events of one key that run as a batch. */
export interface Run {
  readonly events: RunEvents;
  readonly back: Ahead[];
  /** Rows that have not run and have not come back. */
  readonly rows: Set<Ahead>;
}
