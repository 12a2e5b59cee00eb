import { SparseNumbers } from '../../kernel/sparse-numbers.js';
import type { RawEvent } from '../../store/store.js';
import type { Wave } from '../intake/waves.js';
import type { NameEntry } from '../sequence/directory.js';
import type { HubSlab } from '../sequence/hub-slab.js';
import { HeldEvents } from './held-events.js';
import type { ReplayParts } from './log-flow.js';
import { type Feeding, feed, unfinishedPages } from './resume.js';

/** What the backlog's owner does. */
export interface BacklogEvents {
  /** Which keys have a backlog is known now. */
  scanned(): void;
  /** All of it is on its way: nothing is held any more. */
  ended(): void;
}

/**
 * What an engine found unfinished in its log when it opened. It is read twice: first only to know its keys, then to
 * put it on its way as room allows. Meanwhile a new event of a key without backlog goes its own way; one of a key
 * with backlog stays in the log until the reading has come to it, so it runs behind everything older of its key.
 */
export class Backlog {
  readonly #parts: ReplayParts;
  readonly #events: BacklogEvents;
  /** The last position that the log had, and the last name. */
  readonly #last: number;
  readonly #lastName: number;
  /** Of what was there at the opening; it is over when all of that is. */
  #wave: Wave | undefined;
  /** The last position of each key that waits in the log. */
  readonly #lastHeld = new SparseNumbers(Float64Array);
  #end = 0;
  /** Everything up to here is on its way. */
  #read = 0;
  #isScanned = false;
  #isStopped = false;
  /** Rows that came before it was known which keys have a backlog. */
  #unsorted: { readonly slab: HubSlab; readonly row: number }[] = [];
  readonly #held = new Map<number, HeldEvents>();

  /** @param lastName the number of the log's last name: keys above it have no backlog. */
  constructor(parts: ReplayParts, last: number, lastName: number, events: BacklogEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#last = last;
    this.#lastName = lastName;
    const { waves } = parts;
    const wave = waves.taking;
    waves.join(wave);
    this.#wave = wave;
  }

  /** Whether a new event of the key must not be given to a lane. */
  holds(key: NameEntry): boolean {
    return this.#isScanned ? this.#lastHeld.get(key.id) > this.#read : key.id <= this.#lastName;
  }

  /**
   * Keeps a new event that it `holds`. Returns where it is in the log then, undefined when it must stay in memory
   * until the keys are known.
   */
  hold(key: NameEntry, slab: HubSlab, row: number): HeldEvents | undefined {
    if (!this.#isScanned) {
      this.#unsorted.push({ slab, row });
      return undefined;
    }
    const position = slab.position[row] as number;
    this.#lastHeld.set(key.id, position);
    this.#end = Math.max(this.#end, position);
    let held = this.#held.get(key.id);
    if (!held) {
      held = new HeldEvents();
      this.#held.set(key.id, held);
    }
    held.add(position, slab.waves[row] as Wave);
    return held;
  }

  /** Whether an event of the log is one that waits here: others have gone their own way, or are parked. */
  has(raw: RawEvent): boolean {
    return !this.#isStopped && raw.position <= this.#lastHeld.get(raw.partitionKey ?? raw.aggregate);
  }

  /** What has come to an event's key since the opening. */
  heldOf(raw: RawEvent): HeldEvents | undefined {
    return this.#held.get(raw.partitionKey ?? raw.aggregate);
  }

  /** A key is parked: its events are no backlog any more. Returns those that came since the opening. */
  park(key: NameEntry): HeldEvents | undefined {
    const held = this.#held.get(key.id);
    this.#held.delete(key.id);
    this.#lastHeld.set(key.id, 0);
    return held;
  }

  /**
   * Reads it to its end. `first` is the first position that may be unfinished, `isParked` tells which keys are, and
   * `retried` are finished events that somebody wants handled again.
   */
  async run(first: number, isParked: (key: number) => boolean, retried: readonly number[]): Promise<void> {
    await this.#scan(first, isParked);
    if (this.#isOver) return;
    this.#isScanned = true;
    const { hub } = this.#parts;
    for (const { slab, row } of this.#unsorted.splice(0)) hub.dispatch(slab, row);
    this.#events.scanned();
    await this.#feed(first, this.#last);
    await this.#feedAgain(retried);
    this.#leaveWave();
    // What has come since to keys that were held.
    for (let from = this.#last + 1; !this.#isOver && from <= this.#end; from = this.#read + 1) {
      await this.#feed(from, this.#end);
    }
    if (!this.#isOver) this.#events.ended();
  }

  /** Whether the reading was ended before it came to its end. */
  get isCutShort(): boolean {
    return this.#isStopped && this.#read < this.#last;
  }

  /** Reads no more: what is not on its way yet stays in the log, and what it `holds` it holds for ever. */
  stop(): Leftovers {
    const leftovers = { rows: this.#unsorted.splice(0), held: [...this.#held] };
    this.#isStopped = true;
    this.#held.clear();
    this.#leaveWave();
    return leftovers;
  }

  get #isOver(): boolean {
    return this.#isStopped || this.#parts.hub.failure !== undefined;
  }

  #leaveWave(): void {
    const wave = this.#wave;
    this.#wave = undefined;
    if (wave) this.#parts.waves.leave(wave);
  }

  async #scan(first: number, isParked: (key: number) => boolean): Promise<void> {
    const { hub, store } = this.#parts;
    for await (const page of unfinishedPages(hub, store.reader, first, this.#last)) {
      if (this.#isOver) return;
      for (const { position, partitionKey, aggregate } of page) {
        const key = partitionKey ?? aggregate;
        if (!isParked(key)) this.#lastHeld.set(key, position);
      }
    }
  }

  async #feed(from: number, to: number): Promise<void> {
    const { hub, store, waves, receipts } = this.#parts;
    if (to > hub.lastDurable) await receipts.untilDurable({ position: to, version: 0 });
    for await (const page of unfinishedPages(hub, store.reader, from, to)) {
      for (const raw of page) {
        if (this.#isOver) return;
        const full = feed(this.#parts, raw, new BacklogFeeding(this, raw, this.#wave ?? waves.taking));
        if (full) await full;
        // It was stopped while it waited for room: the event stays in the log, and what comes of its key behind it.
        if (this.#isStopped) return;
        this.#read = raw.position;
      }
    }
    if (!this.#isOver) this.#read = to;
  }

  async #feedAgain(retried: readonly number[]): Promise<void> {
    const { store, directory, waves, retried: letters } = this.#parts;
    const { reader } = store;
    for (const position of retried) {
      const [raw] = reader.page({ from: position, limit: 1 });
      if (this.#isOver || !raw) return;
      const key = directory.get(reader.nameOf(raw.partitionKey ?? raw.aggregate));
      const wave = this.#wave ?? waves.taking;
      await feed(this.#parts, raw, {
        get cancelled() {
          // It stays marked in the store, for the next open or for somebody who asks for it.
          if (key.held) letters.delete(position);
          return key.held;
        },
        wave,
        held: undefined,
        letter: letters.get(position),
      });
    }
  }
}

/** What a backlog that is cut short has not put on its way. */
export interface Leftovers {
  readonly rows: readonly { readonly slab: HubSlab; readonly row: number }[];
  /** By the number of their key. */
  readonly held: readonly (readonly [number, HeldEvents])[];
}

class BacklogFeeding implements Feeding {
  readonly #backlog: Backlog;
  readonly #raw: RawEvent;
  readonly wave: Wave;

  constructor(backlog: Backlog, raw: RawEvent, wave: Wave) {
    this.#backlog = backlog;
    this.#raw = raw;
    this.wave = wave;
  }

  get cancelled(): boolean {
    return !this.#backlog.has(this.#raw);
  }

  get held(): HeldEvents | undefined {
    return this.#backlog.heldOf(this.#raw);
  }
}
