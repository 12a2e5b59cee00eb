import { getHeapStatistics } from 'node:v8';
import { TooManyNamesError } from '../../kernel/errors.js';
import { KeyPlace, KeyState } from '../../lanes/key-state.js';
import { MAX_CACHED_NAMES, NAMES_LOADED_AT_OPEN } from '../../limits.js';
import type { Store } from '../../store/store.js';
import {
  ACTIVE_NAMES,
  NAME_BYTES,
  NAME_HEAP_SHARE,
  NAME_ROUND_SHARE,
  NAME_SWEEP_STEPS,
  NAME_WEIGHT_CHARACTERS,
} from '../limits.js';
import type { KeyStates } from '../states/key-states.js';
import { IdleNames } from './idle-names.js';
import type { IdleName } from './name-table.js';

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
  position: number;
  /** Not in the store yet: the next row that bears the name tells the writer. */
  isNew: boolean;
  /** As an aggregate in deterministic mode: the number of its one partition key, and its name. */
  keyId: number;
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

  constructor(id: number, name: string, version: number, isNew: boolean, position = 0, keyId = 0) {
    super();
    this.id = id;
    this.name = name;
    this.version = version;
    this.isNew = isNew;
    this.position = position;
    this.keyId = keyId;
  }
}

/**
 * All names that the engine knows in memory; others are looked up in the store when they are next used.
 *
 * A name has an entry while events of it are on their way, and for some time afterwards; then it is an idle name, and in the end,
 * once the store's index has it, only the store knows of it. Entries go between two events only, so whoever has one in hand
 * has the one that counts; across an `await` it must be looked up again unless something pins it. A store in memory keeps no
 * record, so there every name keeps its entry, and at the limit new ones are refused.
 */
export class Directory {
  readonly #store: Store;
  readonly #limit: number;
  readonly #loaded: number;
  readonly #keepsAll: boolean;
  readonly #entries = new Map<string, NameEntry>();
  /** Names without an entry; of one that has an entry nothing here counts. */
  readonly #idle: IdleNames;
  /** Goes round and round through the entries. */
  #hand: IterableIterator<NameEntry> | undefined;
  /** The weight from which on it goes round once more. */
  #nextRound = 0;
  #weight = 0;
  #lastId = 0;
  /** Whether every name of the store is in memory, so that an unknown name is a new one. */
  #complete = true;

  /** @param limit names that have an entry, at most `ACTIVE_NAMES` above a file; and idle ones. */
  constructor(store: Store, limit: number) {
    this.#store = store;
    this.#keepsAll = store.location === 'memory';
    this.#limit = this.#keepsAll ? limit : Math.min(limit, ACTIVE_NAMES);
    this.#loaded = Math.min(limit, NAMES_LOADED_AT_OPEN);
    this.#idle = new IdleNames(limit);
  }

  /** Whether new names are refused. */
  get isFull(): boolean {
    return this.#keepsAll && this.#weight >= this.#limit;
  }

  /** Names that have an entry. */
  get size(): number {
    return this.#entries.size;
  }

  /** Reads the store's names, or as many as must be in memory. */
  load(lastId: number): void {
    this.#lastId = lastId;
    if (lastId === 0) return;
    const { reader } = this.#store;
    const all = reader.allNames(this.#loaded);
    this.#complete = all !== undefined;
    for (const { id, name, version } of all ?? [])
      this.#rest(name, { id, version, position: 0, keyId: 0 }, 0);
  }

  /**
   * The entry of a name; one that the log does not know has no id, and is to be added once a row bears it.
   *
   * @throws TooManyNamesError
   */
  get(name: string): NameEntry {
    const known = this.#entries.get(name) ?? this.#woken(name);
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
    return (this.#entries.get(name) ?? this.#idleOf(name))?.version ?? 0;
  }

  /** The number of a name that the log has. A name that is only asked for is not kept. */
  idOf(name: string): number | undefined {
    return (this.#entries.get(name) ?? this.#idleOf(name))?.id || undefined;
  }

  /** The position of an aggregate's last event if it was published since the engine opened, else 0. */
  positionOf(name: string): number {
    return (this.#entries.get(name) ?? this.#idle.find(name))?.position ?? 0;
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
    const key = entry.keyId || this.storedKeyOf(entry);
    return key === undefined || key === entry.id ? name : this.#store.reader.nameOf(key);
  }

  /**
   * Lets entries go while there are too many, a few at a time. What is pinned may pass the limit: it is bounded by the
   * events in flight, and by the parked keys. Called between two events.
   */
  trim(): void {
    if (this.#weight <= this.#limit || this.#keepsAll) return;
    if (!this.#hand && this.#weight < this.#nextRound) return;
    this.#hand ??= this.#entries.values();
    for (let steps = NAME_SWEEP_STEPS; steps > 0 && this.#weight > this.#limit; steps--) {
      const { value: entry } = this.#hand.next();
      if (!entry) {
        this.#hand = undefined;
        this.#nextRound = this.#weight + Math.floor(this.#limit * NAME_ROUND_SHARE);
        return;
      }
      if (isPinned(entry)) continue;
      const { name, position, keyPosition } = entry;
      this.#entries.delete(name);
      this.#weight -= weightOf(name);
      this.#rest(name, entry, Math.max(position, keyPosition));
    }
  }

  /** Gives a name that the log knows an entry. */
  #woken(name: string): NameEntry | undefined {
    const idle = this.#idleOf(name);
    return idle && this.#keep(entryOf(name, idle));
  }

  /** What is known of a name that has no entry. */
  #idleOf(name: string): IdleName | undefined {
    const known = this.#idle.find(name);
    if (known || this.#complete) return known;
    // Names of events that are not indexed yet are in memory: see `IdleNames`.
    const stored = this.#store.reader.findName(name, this.#store.indexed);
    if (!stored) return undefined;
    const { id, version } = stored;
    return this.#rest(name, { id, version, position: 0, keyId: 0 }, 0);
  }

  #rest(name: string, idle: IdleName, last: number): IdleName {
    if (this.#idle.put(name, idle, last, this.#store.indexed)) this.#complete = false;
    return idle;
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

function entryOf(name: string, { id, version, position, keyId }: IdleName): NameEntry {
  return new NameEntry(id, name, version, false, position, keyId);
}

/**
 * Whether a name needs its entry: an event of it has no number yet or is not finished, the key is parked or being resumed, or
 * its states are in use: those are bounded by themselves.
 */
function isPinned(entry: NameEntry): boolean {
  return (
    entry.isNew ||
    entry.states !== undefined ||
    entry.reserved > 0 ||
    entry.ahead > 0 ||
    entry.unfinished > 0 ||
    entry.held ||
    entry.place !== KeyPlace.Idle ||
    entry.inFlight > 0
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
