import type { Fingerprint } from '../events/canonical.js';
import { StoreCorruptError } from '../kernel/errors.js';
import { STATE_PAGE } from './limits.js';
import { MAX_STORED_STATE_TYPES, type StoredState, type StoredStateType } from './state.js';
import type { EventReader } from './store.js';

/** What handlers keep for a key, as the last event that changed it has left it. */
export interface KeyStateEntry {
  /** The partition key. */
  readonly key: string;
  readonly name: string;
  readonly version: number;
  /** The event that made it so. */
  readonly position: number;
  readonly value: unknown;
}

/** All states of a log, page by page, up to where they end when a page gets there: what comes later is not waited for. */
export function* statePages(reader: EventReader): Generator<readonly StoredState[]> {
  let last: Pick<StoredState, 'key' | 'type'> = { key: 0, type: 0 };
  while (true) {
    const { key, type } = last;
    const from = type >= MAX_STORED_STATE_TYPES ? { from: key + 1 } : { from: key, after: type };
    const page = reader.states({ ...from, limit: STATE_PAGE });
    const end = page.at(-1);
    if (!end) return;
    yield page;
    if (page.length < STATE_PAGE) return;
    last = end;
  }
}

/** All state types of a log, by id. */
export function stateTypesOf(reader: EventReader): ReadonlyMap<number, StoredStateType> {
  return new Map(reader.stateTypes().map((type) => [type.id, type]));
}

/** Types by id, of each name the one with the highest version: states of the older ones are not used any more. */
export function currentStateTypes(reader: EventReader): ReadonlyMap<number, StoredStateType> {
  const newest = new Map<string, StoredStateType>();
  for (const type of reader.stateTypes()) {
    const known = newest.get(type.name);
    if (!known || known.version < type.version) newest.set(type.name, type);
  }
  return new Map([...newest.values()].map((type) => [type.id, type]));
}

/** Adds states to a fingerprint; of a log without any it stays as it is. */
export function addStates(
  fingerprint: Fingerprint,
  reader: EventReader,
  types: ReadonlyMap<number, StoredStateType>,
  page: readonly StoredState[],
): void {
  for (const state of page) {
    const type = types.get(state.type);
    if (!type) continue;
    const { name, version } = type;
    const value = stateValue(reader, state);
    fingerprint.addState({ partitionKey: reader.nameOf(state.key), name, version, value });
  }
}

/** Adds all states of a log to a fingerprint. */
export function addAllStates(fingerprint: Fingerprint, reader: EventReader): void {
  const types = currentStateTypes(reader);
  for (const page of types.size === 0 ? [] : statePages(reader)) addStates(fingerprint, reader, types, page);
}

/** @throws StoreCorruptError when the bytes are no value, or the log has no such type. */
export function keyStateOf(
  reader: EventReader,
  types: ReadonlyMap<number, StoredStateType>,
  state: StoredState,
): KeyStateEntry {
  const type = types.get(state.type);
  if (!type) {
    throw new StoreCorruptError(
      `The store is damaged: a state of key ${state.key} is of the unknown type ${state.type}. Restore it from a backup.`,
    );
  }
  const { name, version } = type;
  const value = stateValue(reader, state);
  return { key: reader.nameOf(state.key), name, version, position: state.position, value };
}

/** @throws StoreCorruptError when the bytes are no value. */
function stateValue({ codec }: EventReader, { key, bytes }: StoredState): unknown {
  try {
    return codec.unpack(bytes);
  } catch (cause) {
    throw new StoreCorruptError(
      `The store is damaged: a state of key ${key} cannot be decoded. Restore it from a backup.`,
      { cause },
    );
  }
}
