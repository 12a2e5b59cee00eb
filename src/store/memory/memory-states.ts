import {
  eachState,
  keyOfSlot,
  MAX_STORED_STATE_TYPES,
  type StateChange,
  type StateQuery,
  type StoredState,
  type StoredStateType,
  slotOf,
  typeOfSlot,
} from '../state.js';

/** The states of a log in memory. All of them are kept: there is no file to read them from again. */
export class MemoryStates {
  readonly types: StoredStateType[] = [];
  readonly #states = new Map<number, StoredState>();
  /** All of them in order, made when somebody walks through them. */
  #sorted: readonly StoredState[] | undefined;

  apply(change: StateChange): void {
    this.types.push(...change.types);
    this.#sorted = undefined;
    eachState(change, (slot, position, bytes) => {
      // Bytes of its own, so that it does not keep those of the whole change.
      const own = Buffer.from(bytes);
      this.#states.set(slot, { key: keyOfSlot(slot), type: typeOfSlot(slot), position, bytes: own });
    });
  }

  page({ from, to = Number.POSITIVE_INFINITY, after = -1, limit }: StateQuery): readonly StoredState[] {
    if (from === to) return this.#ofKey(from, after).slice(0, limit);
    this.#sorted ??= [...this.#states].sort(([a], [b]) => a - b).map(([, state]) => state);
    const first = slotOf(from, after + 1);
    const begin = firstFrom(this.#sorted, first);
    return this.#sorted.slice(begin, begin + limit).filter(({ key }) => key <= to);
  }

  ofKeys(keys: readonly number[]): readonly StoredState[] {
    return keys.flatMap((key) => this.#ofKey(key, -1));
  }

  clear(): void {
    this.#states.clear();
  }

  #ofKey(key: number, after: number): StoredState[] {
    const states: StoredState[] = [];
    const last = Math.min(MAX_STORED_STATE_TYPES, this.types.length);
    for (let type = after + 1; type <= last; type++) {
      const state = this.#states.get(slotOf(key, type));
      if (state) states.push(state);
    }
    return states;
  }
}

/** Where the states from a slot on begin. */
function firstFrom(sorted: readonly StoredState[], slot: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { key, type } = sorted[middle] as StoredState;
    if (slotOf(key, type) < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}
