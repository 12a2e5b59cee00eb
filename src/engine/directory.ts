import { InvalidOptionError } from '../events/errors.js';
import { KeyPlace, KeyState } from '../lanes/key-state.js';
import { MAX_CACHED_NAMES, NAMES_LOADED_AT_OPEN } from '../limits.js';
import type { Store } from '../store/store.js';

/**
 * A name of the log. The same name may be an aggregate id, a partition key or both, and most often is both;
 * one object then serves two look-ups.
 */
export class NameEntry extends KeyState {
  readonly id: number;
  readonly name: string;
  /** As an aggregate: the last version handed out. */
  version: number;
  /** As an aggregate: the position of that version, 0 when it was in the store before the engine opened. */
  position = 0;
  /** Not in the store yet: the next row that bears the name tells the writer. */
  isNew: boolean;
  /** As an aggregate in deterministic mode: the number of its one partition key. */
  keyId = 0;
  /** As a partition key in deterministic mode: its events that are accepted and not finished. */
  unfinished = 0;
  /** As an aggregate in deterministic mode: its events that are on a lane ahead of their numbers. */
  ahead = 0;
  /** Where the name's bytes lie in the slab with this serial number. */
  slabSerial = -1;
  nameOffset = 0;
  nameLength = 0;

  constructor(id: number, name: string, version: number, isNew: boolean) {
    super();
    this.id = id;
    this.name = name;
    this.version = version;
    this.isNew = isNew;
  }
}

/** Share of the names that one sweep tries to forget. */
const SWEEP_FRACTION = 8;

/** All names that the engine knows in memory; others are looked up in the store when they are first used. */
export class Directory {
  readonly #store: Store;
  readonly #entries = new Map<string, NameEntry>();
  #lastId = 0;
  /** Whether every name of the store is in memory, so that an unknown name is a new one. */
  #complete = true;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads the store's names, or as many as must be in memory. */
  load(lastId: number): void {
    this.#lastId = lastId;
    if (lastId === 0) return;
    const { reader } = this.#store;
    const all = reader.allNames(NAMES_LOADED_AT_OPEN);
    this.#complete = all !== undefined;
    for (const { id, name, version } of all ?? []) this.#add(new NameEntry(id, name, version, false));
  }

  /** The entry of a name, made when the log does not know it. */
  get(name: string): NameEntry {
    return this.#entries.get(name) ?? this.#miss(name);
  }

  /** The entry of a name that the log knows. */
  find(name: string): NameEntry | undefined {
    const entry = this.#entries.get(name);
    if (entry || this.#complete) return entry;
    const stored = this.#store.reader.findName(name);
    return stored && this.#add(new NameEntry(stored.id, name, stored.version, false));
  }

  /** The number of the partition key under which a stored aggregate's events stand; undefined for a new one. */
  storedKeyOf({ id, version }: NameEntry): number | undefined {
    if (version === 0) return undefined;
    const [first] = this.#store.reader.page({ aggregate: id, from: 1, limit: 1 });
    return first && (first.partitionKey ?? first.aggregate);
  }

  #miss(name: string): NameEntry {
    if (this.#entries.size >= MAX_CACHED_NAMES) this.#sweep();
    return this.find(name) ?? this.#add(new NameEntry(++this.#lastId, name, 0, true));
  }

  #add(entry: NameEntry): NameEntry {
    this.#entries.set(entry.name, entry);
    return entry;
  }

  /** Forgets old names that have nothing in flight and can be looked up again. */
  #sweep(): void {
    const { indexed, location } = this.#store;
    if (location === 'memory') {
      throw new InvalidOptionError(
        `More than ${MAX_CACHED_NAMES} aggregates without a store: open the engine with one, so that they need not all be in memory.`,
      );
    }
    this.#complete = false;
    let tries = Math.ceil(MAX_CACHED_NAMES / SWEEP_FRACTION);
    for (const entry of this.#entries.values()) {
      if (tries-- === 0) return;
      const idle = entry.place === KeyPlace.Idle && entry.inFlight === 0 && !entry.isNew && !entry.held;
      this.#entries.delete(entry.name);
      // One that is still needed goes to the end of the map, so that the next sweep does not meet it first.
      if (!idle || entry.position > indexed) this.#entries.set(entry.name, entry);
    }
  }
}
