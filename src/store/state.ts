/** A state of handlers, as the log knows it. */
export interface StoredStateType {
  /** 1 to `MAX_STORED_STATE_TYPES`. */
  readonly id: number;
  readonly name: string;
  readonly version: number;
}

/** One key's state as it lies in the store. */
export interface StoredState {
  /** Number of the partition key's name. */
  readonly key: number;
  /** Id of the state's type. */
  readonly type: number;
  /** The event that made it so. */
  readonly position: number;
  readonly bytes: Buffer;
}

/** The states of one name and version that a log has. */
export interface StateCount {
  readonly name: string;
  readonly version: number;
  /** Keys that have one. */
  readonly keys: number;
  readonly bytes: number;
}

/** Which states to read, in the order of keys, then types. */
export interface StateQuery {
  /** The first key. */
  readonly from: number;
  /** The last one; left out: all. */
  readonly to?: number;
  /** Above this state of the first key; the caller asks again from the last one on. */
  readonly after?: number;
  /** So many, or fewer when there are no more. */
  readonly limit: number;
}

/** States that one transaction stores: what has changed since the one before, each of them once. */
export interface StateChange {
  /** Types that are new to the log. */
  readonly types: readonly StoredStateType[];
  /** Where each stands; see `slotOf`. */
  readonly slots: Float64Array;
  readonly positions: Float64Array;
  /** Where the bytes of each end; they begin where those of the one before end. */
  readonly ends: Uint32Array;
  readonly bytes: Uint8Array;
}

/** State types of one log, of all their versions: they share a number with the key. */
export const MAX_STORED_STATE_TYPES = 4095;

const TYPES = MAX_STORED_STATE_TYPES + 1;

/** Where a key's state stands: states of one key lie side by side, and keys in the order in which the log met them. */
export function slotOf(key: number, type: number): number {
  return key * TYPES + type;
}

export function keyOfSlot(slot: number): number {
  return Math.floor(slot / TYPES);
}

export function typeOfSlot(slot: number): number {
  return slot % TYPES;
}

/** Calls back with each state of a change. */
export function eachState(
  { slots, positions, ends, bytes }: StateChange,
  take: (slot: number, position: number, bytes: Uint8Array) => void,
): void {
  let start = 0;
  for (let index = 0; index < slots.length; index++) {
    const end = ends[index] as number;
    take(slots[index] as number, positions[index] as number, bytes.subarray(start, end));
    start = end;
  }
}
