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
} from './state.js';

/** The states of a log in memory. All of them are kept: there is no file to read them from again. */
export class MemoryStates {
  readonly types: StoredStateType[] = [];
  readonly #states = new Map<number, StoredState>();

  apply(change: StateChange): void {
    this.types.push(...change.types);
    eachState(change, (slot, position, bytes) => {
      // Bytes of its own, so that it does not keep those of the whole change.
      const own = Buffer.from(bytes);
      this.#states.set(slot, { key: keyOfSlot(slot), type: typeOfSlot(slot), position, bytes: own });
    });
  }

  page({ from, to = Number.POSITIVE_INFINITY, after = -1, limit }: StateQuery): readonly StoredState[] {
    if (from === to) return this.#ofKey(from, after).slice(0, limit);
    const first = slotOf(from, after + 1);
    const slots = [...this.#states.keys()].filter((slot) => slot >= first && keyOfSlot(slot) <= to);
    return slots
      .sort((a, b) => a - b)
      .slice(0, limit)
      .map((slot) => this.#states.get(slot) as StoredState);
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
