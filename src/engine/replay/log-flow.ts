import type { EventRegistry } from '../../events/registry.js';
import type { SettledLetter } from '../../store/dead-letter.js';
import type { RawEvent, Store } from '../../store/store.js';
import type { Parking } from '../failures/parking.js';
import type { RetriedLetter } from '../failures/retried-letter.js';
import type { Entrance } from '../intake/entrance.js';
import type { Receipts } from '../intake/receipts.js';
import type { Wave, Waves } from '../intake/waves.js';
import type { Directory, NameEntry } from '../sequence/directory.js';
import type { HubSlab } from '../sequence/hub-slab.js';
import type { RowFacts } from '../sequence/row-facts.js';

/**
 * All that replay, dead letters and recovery do to the flow: they read events in the log, and put them back on their
 * way or count them as finished.
 */
export interface LogFlow {
  /** The error that stopped it, if one did. */
  readonly failure: Error | undefined;
  /** Every position up to here is durable. */
  readonly lastDurable: number;
  /** The first position from `from` on that may be left. */
  nextUnfinished(from: number): number;
  /** The first position that is left to handlers which asked for old events; infinity when there is none. */
  nextLate(): number;
  /** Whether lanes have to handle an event of the log. */
  isLeft(raw: RawEvent): boolean;
  /**
   * Puts an unfinished event of the log back on its way, or a finished one whose dead letter is tried again.
   *
   * @param isNew it has been in flight since it came.
   */
  restore(facts: RowFacts, event: RawEvent, wave: Wave, isNew: boolean, letter?: RetriedLetter): void;
  /** Gives a row that is in memory to the lanes, unless it must stay in the log. */
  dispatch(slab: HubSlab, row: number): void;
  /** An event that nobody handles counts as finished. */
  finish(position: number): void;
  /** A dead letter is given up: its event counts as finished to those whose it is. */
  discard(letter: SettledLetter): void;
  /** Lets the lanes take a parked key's events again: those that are restored. */
  unpark(key: NameEntry): void;
  /** Sends waiting work to the lanes, and whatever there is room for after them. */
  pump(): void;
  /** Resolves when everything that has happened so far is committed. */
  flushed(): Promise<void>;
  fail(cause: Error): void;
}

/** What replay works with: the log, the flow, and the state of keys and callers that it shares with the other rooms. */
export interface ReplayParts {
  readonly store: Store;
  readonly registry: EventRegistry;
  readonly hub: LogFlow;
  readonly entrance: Entrance;
  readonly waves: Waves;
  readonly receipts: Receipts;
  readonly directory: Directory;
  readonly parking: Parking;
  /** Dead letters that are being tried again, by position. */
  readonly retried: Map<number, RetriedLetter>;
}
