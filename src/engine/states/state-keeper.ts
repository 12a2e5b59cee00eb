import { getHeapStatistics } from 'node:v8';
import { rowOf, slabOf } from '../../events/slab.js';
import { InvalidDefinitionError, StateTooLargeError, StateVersionError } from '../../kernel/errors.js';
import { rebuildName } from '../../lanes/late.js';
import type { HandledType } from '../../lanes/protocol.js';
import { CargoWriter } from '../../lanes/states/cargo.js';
import { MAX_STATE_TYPES } from '../../lanes/states/limits.js';
import { lateEnd, lateModule } from '../../store/consumer.js';
import {
  MAX_STORED_STATE_TYPES,
  type StateChange,
  type StoredState,
  type StoredStateType,
  slotOf,
} from '../../store/state.js';
import type { Store } from '../../store/store.js';
import type { NameEntry } from '../sequence/directory.js';
import type { HubSlab } from '../sequence/hub-slab.js';
import type { SlabPool } from '../sequence/slab-pool.js';
import { KeyStates, type StateHolder } from './key-states.js';
import {
  STATE_CACHE_BYTES,
  STATE_CARGO_BYTES,
  STATE_HEAP_SHARE,
  STATE_KEY_BYTES,
  STATE_SWEEP_STEPS,
  STATE_UNSAVED_BYTES,
  STORED_STATE_BYTES,
} from './limits.js';
import { StoredKeys } from './stored-keys.js';

/** A state of the engine's handlers. */
interface KeptType {
  readonly name: string;
  readonly version: number;
  /** Its number in the log; 0 until the log has it. */
  id: number;
  asRecord: boolean;
}

/** What keeping states needs. */
export interface KeeperParts {
  readonly store: Store;
  readonly pool: SlabPool;
  /** What the log knew of states when it was opened. */
  readonly stored: StoredStates;
  /** Memory that states may take; left out: as much as the heap allows. */
  readonly maxStateBytes?: number | undefined;
}

interface StoredStates {
  readonly states: readonly StoredStateType[];
  readonly types: readonly { readonly id: number; readonly name: string }[];
  readonly lastName: number;
}

/**
 * The states of the keys that are in use, as they were after the last event that was answered. Lanes work on copies:
 * each key's states are with at most one lane, and are sent anew when an event of the key goes to another one, or after
 * one that failed. What changes goes into the commit of the progress of the event that changed it. Keys that are cold
 * are forgotten here and there, and read from the store again.
 */
export class StateKeeper {
  readonly #parts: KeeperParts;
  readonly #limit: number;
  #types: KeptType[] = [];
  #lastId: number;
  /** By id of the event type: whether its handlers use states. */
  readonly #users: boolean[] = [];
  readonly #keys = new Set<NameEntry>();
  /** Goes round and round through them. */
  #hand: IterableIterator<NameEntry> | undefined;
  #weight = 0;
  /** Keys of which something has changed since the last commit was sent. */
  #changed: NameEntry[] = [];
  #changedBytes = 0;
  /** Bytes of the commits under way, by their numbers. */
  readonly #saving = new Map<number, number>();
  #savingBytes = 0;
  #committed = 0;
  /** What the states of all keys take in a store that keeps no more than so much. */
  #keptBytes = 0;
  readonly #room: number;
  /** The keys that may have states in the store. */
  readonly #stored: StoredKeys;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#limit = parts.maxStateBytes ?? defaultLimit();
    this.#room = parts.store.maxStateBytes ?? Number.POSITIVE_INFINITY;
    const { states, lastName } = parts.stored;
    this.#lastId = states.reduce((last, { id }) => Math.max(last, id), 0);
    this.#stored = new StoredKeys(states.length === 0 ? 0 : lastName);
  }

  /** Meets the states of the handlers. @throws InvalidDefinitionError, StateVersionError */
  begin(rules: readonly HandledType[]): void {
    const [first] = rules;
    if (!first || first.states.length === 0) return;
    if (first.states.length > MAX_STATE_TYPES) {
      throw new InvalidDefinitionError(
        `The handlers have ${first.states.length} states; the limit is ${MAX_STATE_TYPES}.`,
      );
    }
    const { states, types } = this.#parts.stored;
    this.#types = first.states.map(({ name, version }) => {
      const known = states.filter((state) => state.name === name);
      const newest = Math.max(0, ...known.map((state) => state.version));
      if (newest > version) throw olderVersion(this.#parts.store.location, name, newest, version);
      const same = known.find((state) => state.version === version);
      return { name, version, id: same?.id ?? 0, asRecord: true };
    });
    const coming = this.#types.filter(({ id }) => id === 0).length;
    if (this.#lastId + coming > MAX_STORED_STATE_TYPES) {
      throw new StateVersionError(
        `Store ${this.#parts.store.location} has ${this.#lastId} states of all names and versions; the limit is ${MAX_STORED_STATE_TYPES}.`,
      );
    }
    const users = new Set(rules.filter(({ usedStates }) => usedStates.length > 0).map(({ type }) => type));
    for (const { id, name } of types) this.#users[id] = users.has(name);
  }

  /** Whether anything has changed that no commit has been given. */
  get isChanged(): boolean {
    return this.#changed.length > 0;
  }

  /** Whether lanes must wait for commits before they are given more. */
  get isFull(): boolean {
    return this.#changedBytes + this.#savingBytes > STATE_UNSAVED_BYTES;
  }

  /** Those of them that are built anew from the log, which has them in an older version. */
  get rebuilt(): readonly Pick<KeptType, 'name' | 'version'>[] {
    const { states } = this.#parts.stored;
    const older = this.#types.filter(({ name, version }) =>
      states.some((state) => state.name === name && state.version < version),
    );
    if (older.length === 0) return older;
    const names = this.#parts.store.reader.consumers().map(({ name }) => name);
    const modules = names.filter((name) => lateEnd(name) !== undefined).map(lateModule);
    // One that the log has in this version, but is not building, is built.
    const isBuilding = (type: KeptType) => modules.includes(rebuildName(type));
    return older.filter((type) => !this.#wasStored(type) || isBuilding(type));
  }

  /** Whether a consumer of the log is the building anew of a state in a version before today's: nobody uses what it builds. */
  isOutdated(consumer: string): boolean {
    if (lateEnd(consumer) === undefined) return false;
    const module = lateModule(consumer);
    return this.#parts.stored.states.some(
      ({ name, version }) =>
        rebuildName({ name, version }) === module &&
        this.#types.some((type) => type.name === name && type.version > version),
    );
  }

  #wasStored({ name, version }: KeptType): boolean {
    return this.#parts.stored.states.some((state) => state.name === name && state.version === version);
  }

  /** The states of the handlers, by index. */
  get types(): readonly KeptType[] {
    return this.#types;
  }

  /**
   * What a lane must be told of states before it is sent rows. From then on it has the states of their keys.
   *
   * @returns how many of the rows it can be sent, and the states.
   */
  load(
    seat: StateHolder,
    rows: Uint32Array,
  ): { readonly count: number; readonly states: Uint8Array | undefined } {
    if (this.#types.length === 0) return { count: rows.length, states: undefined };
    this.#read(rows);
    const cargo = new CargoWriter(this.#types.length);
    let count = 0;
    while (count < rows.length && (count === 0 || cargo.length <= STATE_CARGO_BYTES)) {
      const reference = rows[count++] as number;
      const slab = this.#parts.pool.slabs[slabOf(reference)] as HubSlab;
      const row = rowOf(reference);
      if (this.#users[slab.type[row] as number] !== true) continue;
      const key = slab.keys[row] as NameEntry;
      const states = key.states ?? this.#begin(key, []);
      states.isUsed = true;
      if (states.holder === seat) continue;
      if (states.holder?.state === 'open') states.holder.forgetStates(key.id);
      states.holder = seat;
      cargo.add(key.id, states.bytes);
    }
    return { count, states: cargo.take() };
  }

  /**
   * Whether the states of an answer might be too many for the store: seldom, so most answers need no second look.
   *
   * @param bytes of all of them. @param events of the answer.
   */
  isCrowdedBy(bytes: number, events: number): boolean {
    return this.#keptBytes + bytes + events * this.#types.length * STORED_STATE_BYTES > this.#room;
  }

  /** What a state takes more in the store than the one before. */
  growth(key: NameEntry, index: number, bytes: string): number {
    const before = key.states?.bytes[index];
    return before === undefined ? bytes.length + STORED_STATE_BYTES : bytes.length - before.length;
  }

  /** Why states that take so much more cannot be kept; undefined when they can. */
  refusalOf(key: NameEntry, more: number): StateTooLargeError | undefined {
    if (more <= 0 || this.#keptBytes + more <= this.#room) return undefined;
    return new StateTooLargeError(
      `The states of all keys would take more than ${this.#room} bytes with that of key '${key.name}', and a log in memory keeps all of them. Open the engine with a store, or keep less for each key.`,
      { details: { key: key.name, bytes: this.#keptBytes + more } },
    );
  }

  /** An event that is finished has changed a state of its key. */
  changed(key: NameEntry, index: number, bytes: string, position: number): void {
    const states = key.states as KeyStates;
    const more = bytes.length - (states.bytes[index]?.length ?? 0);
    this.#keptBytes += this.growth(key, index, bytes);
    states.bytes[index] = bytes;
    states.positions[index] = position;
    // As a text here and there, and as a value there.
    states.weight += 3 * more;
    this.#weight += 3 * more;
    this.#changedBytes += bytes.length;
    if (states.changed === 0) this.#changed.push(key);
    states.changed |= 1 << index;
  }

  /** An event of the key has failed: what its lane has of the states may be ahead of them. */
  failed(key: NameEntry): void {
    if (key.states) key.states.holder = undefined;
  }

  /** Everything that has changed, for the commit of this number. */
  take(commit: number): StateChange | undefined {
    if (this.#changed.length === 0) return undefined;
    // In the order of their rows: neighbours lie on the same page.
    const changed = this.#changed.sort((a, b) => a.id - b.id);
    this.#changed = [];
    this.#savingBytes += this.#changedBytes;
    this.#saving.set(commit, this.#changedBytes);
    this.#changedBytes = 0;
    return this.#pack(changed, commit);
  }

  /** The commits up to this number are done. */
  committed(commit: number): void {
    this.#committed = commit;
    const bytes = this.#saving.get(commit);
    if (bytes === undefined) return;
    this.#saving.delete(commit);
    this.#savingBytes -= bytes;
  }

  #pack(keys: readonly NameEntry[], commit: number): StateChange {
    let count = 0;
    let length = 0;
    for (const key of keys) {
      const { changed, bytes } = key.states as KeyStates;
      for (let index = 0; changed >> index !== 0; index++) {
        if ((changed & (1 << index)) === 0) continue;
        count++;
        length += bytes[index]?.length ?? 0;
      }
    }
    const types: StoredStateType[] = [];
    const slots = new Float64Array(count);
    const positions = new Float64Array(count);
    const ends = new Uint32Array(count);
    const bytes = Buffer.allocUnsafeSlow(length);
    let at = 0;
    let end = 0;
    for (const key of keys) {
      const states = key.states as KeyStates;
      states.commit = commit;
      for (let index = 0; states.changed >> index !== 0; index++) {
        if ((states.changed & (1 << index)) === 0) continue;
        slots[at] = slotOf(key.id, this.#idOf(index, types));
        positions[at] = states.positions[index] as number;
        end += bytes.write(states.bytes[index] as string, end, 'latin1');
        ends[at++] = end;
      }
      states.changed = 0;
    }
    return { types, slots, positions, ends, bytes };
  }

  /** A state gets its number in the log with the first key that has it. */
  #idOf(index: number, coming: StoredStateType[]): number {
    const type = this.#types[index] as KeptType;
    if (type.id === 0) {
      type.id = ++this.#lastId;
      coming.push({ id: type.id, name: type.name, version: type.version });
    }
    return type.id;
  }

  /** Takes up the keys of rows whose states are in the store, all of them with one look. */
  #read(rows: Uint32Array): void {
    const missing = new Map<number, NameEntry>();
    for (const reference of rows) {
      const slab = this.#parts.pool.slabs[slabOf(reference)] as HubSlab;
      const row = rowOf(reference);
      if (this.#users[slab.type[row] as number] !== true) continue;
      const key = slab.keys[row] as NameEntry;
      if (key.states === undefined && this.#stored.has(key.id)) missing.set(key.id, key);
    }
    if (missing.size === 0) return;
    const found = new Map<number, StoredState[]>();
    // In the order of their rows: neighbours lie on the same page.
    const { reader } = this.#parts.store;
    const types = new Set(this.#types.map(({ id }) => id));
    for (const state of reader.statesOf(
      [...missing.keys()].sort((a, b) => a - b),
      types,
    )) {
      found.set(state.key, [...(found.get(state.key) ?? []), state]);
    }
    for (const [id, key] of missing) this.#begin(key, found.get(id) ?? []);
  }

  /** Takes up a key that is not in use. @param found what the store has of it. */
  #begin(key: NameEntry, found: readonly StoredState[]): KeyStates {
    this.#trim();
    const states = new KeyStates(this.#types.length);
    let bytes = 0;
    for (const stored of found) {
      const index = this.#types.findIndex(({ id }) => id === stored.type);
      if (index < 0) continue;
      states.bytes[index] = stored.bytes.toString('latin1');
      bytes += stored.bytes.length;
    }
    states.weight = STATE_KEY_BYTES + 3 * bytes;
    this.#weight += states.weight;
    key.states = states;
    this.#keys.add(key);
    return states;
  }

  /** Forgets keys while there are too many, a few at a time. What is in flight or not saved yet may pass the limit. */
  #trim(): void {
    for (let steps = STATE_SWEEP_STEPS; steps > 0 && this.#weight > this.#limit; steps--) {
      this.#hand ??= this.#keys.values();
      const { value: key } = this.#hand.next();
      if (!key) {
        this.#hand = undefined;
        continue;
      }
      const states = key.states as KeyStates;
      if (states.isUsed) states.isUsed = false;
      else if (key.inFlight === 0 && states.changed === 0 && states.commit <= this.#committed) {
        this.#forget(key, states);
      }
    }
  }

  #forget(key: NameEntry, states: KeyStates): void {
    if (states.holder?.state === 'open') states.holder.forgetStates(key.id);
    if (states.commit > 0) this.#stored.add(key.id);
    this.#weight -= states.weight;
    this.#keys.delete(key);
    key.states = undefined;
  }
}

function defaultLimit(): number {
  return Math.min(STATE_CACHE_BYTES, getHeapStatistics().heap_size_limit / STATE_HEAP_SHARE);
}

function olderVersion(location: string, name: string, stored: number, wanted: number): StateVersionError {
  return new StateVersionError(
    `Store ${location} has state '${name}' of version ${stored}, and the handlers have version ${wanted}, whose states are not kept since then. Open it with version ${stored}, or with a higher one: it is built anew then.`,
    { details: { state: name, stored, wanted } },
  );
}
