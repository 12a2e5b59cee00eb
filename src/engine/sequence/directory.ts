import { getHeapStatistics } from 'node:v8';
import { TooManyNamesError } from '../../kernel/errors.js';
import { KeyPlace, KeyState } from '../../lanes/key-state.js';
import { MAX_CACHED_NAMES, NAMES_LOADED_AT_OPEN } from '../../limits.js';
import type { Store } from '../../store/store.js';
import { NAME_BYTES, NAME_HEAP_SHARE, NAME_SWEEP_STEPS, NAME_WEIGHT_CHARACTERS } from '../limits.js';
import type { KeyStates } from '../states/key-states.js';

/**
 * A name of the log. The same name may be an aggregate id, a partition key or both, and most often is both;
 * one object then serves two look-ups.
 */
export class NameEntry extends KeyState {
  /** 0 until the log has the name. */
  id: number;
  readonly name: string;
  /** As an aggregate: the last version handed out. */
  version: number;
  /** As an aggregate: the position of that version, 0 when it was in the store before the engine opened. */
  position = 0;
  /** Not in the store yet: the next row that bears the name tells the writer. */
  isNew: boolean;
  /** As an aggregate in deterministic mode: the number of its one partition key, and its name. */
  keyId = 0;
  keyName: string | undefined;
  /** As a partition key: the position of its last event, 0 as above. */
  keyPosition = 0;
  /** As a partition key: its events that are to be handled, from their number until they are finished or parked. */
  unfinished = 0;
  /** Events that are accepted and wait for their number. */
  reserved = 0;
  /** As an aggregate in deterministic mode: its events that are on a lane ahead of their numbers. */
  ahead = 0;
  /** As a partition key: its states, while they are in use. */
  states: KeyStates | undefined;
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

/**
 * All names that the engine knows in memory; others are looked up in the store when they are next used.
 *
 * A name may be forgotten when nothing but the store's own record of it counts: see `isPinned`. Names are forgotten
 * between two events only, so whoever has an entry in hand has the one that counts; across an `await` it must be
 * looked up again unless something pins it. A store in memory keeps no record, so there no name is ever forgotten,
 * and at the limit new ones are refused.
 */
export class Directory {
  readonly #store: Store;
  readonly #limit: number;
  readonly #keepsAll: boolean;
  readonly #entries = new Map<string, NameEntry>();
  /** Goes round and round through the entries. */
  #hand: IterableIterator<NameEntry> | undefined;
  #weight = 0;
  #lastId = 0;
  /** Whether every name of the store is in memory, so that an unknown name is a new one. */
  #complete = true;

  /** @param limit names that are kept in memory. */
  constructor(store: Store, limit: number) {
    this.#store = store;
    this.#limit = limit;
    this.#keepsAll = store.location === 'memory';
  }

  /** Whether new names are refused. */
  get isFull(): boolean {
    return this.#keepsAll && this.#weight >= this.#limit;
  }

  /** Names in memory. */
  get size(): number {
    return this.#entries.size;
  }

  /** Reads the store's names, or as many as must be in memory. */
  load(lastId: number): void {
    this.#lastId = lastId;
    if (lastId === 0) return;
    const { reader } = this.#store;
    const all = reader.allNames(Math.min(NAMES_LOADED_AT_OPEN, this.#limit));
    this.#complete = all !== undefined;
    for (const { id, name, version } of all ?? []) this.#keep(new NameEntry(id, name, version, false));
  }

  /**
   * The entry of a name; one that the log does not know has no id, and is to be added once a row bears it.
   *
   * @throws TooManyNamesError
   */
  get(name: string): NameEntry {
    const known = this.#entries.get(name) ?? this.#stored(name);
    if (known) return known;
    if (this.isFull) throw this.#tooMany(1);
    return new NameEntry(0, name, 0, true);
  }

  /** Numbers a new name. */
  add(entry: NameEntry): void {
    entry.id = ++this.#lastId;
    this.#keep(entry);
  }

  /** The version of an aggregate, 0 when there is none. A name that is only asked for is not kept. */
  versionOf(name: string): number {
    const entry = this.#entries.get(name);
    if (entry || this.#complete) return entry?.version ?? 0;
    return this.#store.reader.findName(name, this.#store.indexed)?.version ?? 0;
  }

  /** The number of a name that the log has. A name that is only asked for is not kept. */
  idOf(name: string): number | undefined {
    const entry = this.#entries.get(name);
    if (entry || this.#complete) return entry?.id || undefined;
    return this.#store.reader.findName(name, this.#store.indexed)?.id;
  }

  /** The position of an aggregate's last event if it was published since the engine opened, else 0. */
  positionOf(name: string): number {
    return this.#entries.get(name)?.position ?? 0;
  }

  /** Whether so many events bring more names than there is room for. @throws TooManyNamesError */
  checkRoom(events: readonly { readonly aggregateId: string; readonly partitionKey: string }[]): void {
    if (!this.#keepsAll || this.#weight + 2 * events.length < this.#limit) return;
    const names = new Set(events.flatMap(({ aggregateId, partitionKey }) => [aggregateId, partitionKey]));
    let weight = 0;
    for (const name of names) if (!this.#entries.has(name)) weight += weightOf(name);
    if (weight > 0 && this.#weight + weight > this.#limit) throw this.#tooMany(weight);
  }

  /** The number of the partition key under which a stored aggregate's events stand; undefined for a new one. */
  storedKeyOf({ id, version }: NameEntry): number | undefined {
    if (version === 0) return undefined;
    const [first] = this.#store.reader.page({ aggregate: id, from: 1, limit: 1 });
    return first && (first.partitionKey ?? first.aggregate);
  }

  /** In deterministic mode: the one partition key of an aggregate's events; of a new one, what it usually is. */
  keyNameOf(name: string): string {
    if (this.versionOf(name) === 0) return name;
    const entry = this.get(name);
    if (entry.keyName !== undefined) return entry.keyName;
    const key = this.storedKeyOf(entry);
    return key === undefined || key === entry.id ? name : this.#store.reader.nameOf(key);
  }

  /**
   * Forgets names while there are too many, a few at a time. What is pinned may pass the limit: it is bounded by the
   * events in flight, by what the writer has not indexed yet, and by the parked keys. Called between two events.
   */
  trim(): void {
    if (this.#weight <= this.#limit || this.#keepsAll) return;
    const { indexed } = this.#store;
    for (let steps = NAME_SWEEP_STEPS; steps > 0 && this.#weight > this.#limit; steps--) {
      this.#hand ??= this.#entries.values();
      const { value: entry } = this.#hand.next();
      if (!entry) this.#hand = undefined;
      else if (!isPinned(entry, indexed)) {
        this.#complete = false;
        this.#entries.delete(entry.name);
        this.#weight -= weightOf(entry.name);
      }
    }
  }

  #stored(name: string): NameEntry | undefined {
    if (this.#complete) return undefined;
    // Names of events that are not indexed yet are never forgotten: see `isPinned`.
    const stored = this.#store.reader.findName(name, this.#store.indexed);
    return stored && this.#keep(new NameEntry(stored.id, name, stored.version, false));
  }

  #keep(entry: NameEntry): NameEntry {
    this.#entries.set(entry.name, entry);
    this.#weight += weightOf(entry.name);
    return entry;
  }

  #tooMany(more: number): TooManyNamesError {
    return new TooManyNamesError(
      `A log in memory keeps the names of all its aggregates and partition keys, ${this.#limit} at most, and there is no room for ${more} more. Open the engine with a store, which needs only those in use.`,
      { details: { limit: this.#limit } },
    );
  }
}

/**
 * Whether more is known of a name than the store would give: an event of it has no number yet, is not finished, or is
 * not in the store's index (and so perhaps not in the store), the key is parked or being resumed, or its states are in
 * use: those are bounded by themselves.
 *
 * @param indexed every position up to here is durable, and in the index of versions.
 */
function isPinned(entry: NameEntry, indexed: number): boolean {
  return (
    entry.isNew ||
    entry.states !== undefined ||
    entry.reserved > 0 ||
    entry.unfinished > 0 ||
    entry.held ||
    entry.place !== KeyPlace.Idle ||
    entry.inFlight > 0 ||
    entry.position > indexed ||
    entry.keyPosition > indexed
  );
}

/** How much of the limit a name takes: 1, and more for a long one. */
function weightOf(name: string): number {
  return 1 + Math.floor(name.length / NAME_WEIGHT_CHARACTERS);
}

/** Names that fit into a share of the heap, `MAX_CACHED_NAMES` at most. */
export function defaultNameLimit(): number {
  const share = getHeapStatistics().heap_size_limit / NAME_HEAP_SHARE;
  return Math.min(MAX_CACHED_NAMES, Math.floor(share / NAME_BYTES));
}
