import type { DomainEvent } from '../events/domain-event.js';
import { HELD_BACK_BLOCK } from './limits.js';

/** What is kept of an event that is held back: its position where the log has it, itself where there is only memory. */
export type Held = number | DomainEvent;

/** What one key holds back, oldest first, in blocks: taking from the front and putting back there cost little. */
class KeyHeld {
  readonly #blocks: Held[][] = [];
  /** What of the first block is gone. */
  #gone = 0;
  size = 0;
  /** Events that are being fetched: they come before the rest, and after what is in the queue. */
  fetching = 0;

  push(entry: Held): void {
    const last = this.#blocks.at(-1);
    if (last && last.length < HELD_BACK_BLOCK) last.push(entry);
    else this.#blocks.push([entry]);
    this.size++;
  }

  unshift(entries: readonly Held[]): void {
    const [first] = this.#blocks;
    if (first && this.#gone > 0) this.#blocks[0] = first.slice(this.#gone);
    this.#gone = 0;
    this.#blocks.unshift([...entries]);
    this.size += entries.length;
  }

  shift(most: number): Held[] {
    const [first] = this.#blocks;
    if (!first) return [];
    const taken = first.slice(this.#gone, this.#gone + most);
    this.#gone += taken.length;
    this.size -= taken.length;
    if (this.#gone === first.length) {
      this.#blocks.shift();
      this.#gone = 0;
    }
    return taken;
  }
}

/** The events that wait behind others of their key outside the queue, so that it has room for other keys. */
export class HeldBack {
  /** Called when the first event is held back, and with the first one after there were none. */
  onFirst: () => void = () => {};
  readonly #keys = new Map<string, KeyHeld>();
  #size = 0;

  /** Events held back, less those that are being fetched. */
  get size(): number {
    return this.#size;
  }

  get keys(): number {
    return this.#keys.size;
  }

  /** Whether events of the key must be held back to stay in order. */
  has(key: string): boolean {
    return this.#keys.has(key);
  }

  sizeOf(key: string): number {
    return this.#keys.get(key)?.size ?? 0;
  }

  isFetching(key: string): boolean {
    return (this.#keys.get(key)?.fetching ?? 0) > 0;
  }

  /** Adds the newest event of a key. */
  push(key: string, entry: Held): void {
    this.#of(key).push(entry);
    this.#grow(1);
  }

  /** Adds events that are older than whatever the key holds back. */
  unshift(key: string, entries: readonly Held[]): void {
    this.#of(key).unshift(entries);
    this.#grow(entries.length);
  }

  /** Takes the oldest events of a key, to be fetched: until `fetched` the key counts as holding back. */
  fetch(key: string, most: number): readonly Held[] {
    const held = this.#keys.get(key);
    if (!held) return [];
    const entries = held.shift(most);
    held.fetching += entries.length;
    this.#size -= entries.length;
    return entries;
  }

  /** The events of a key are back in the queue. */
  fetched(key: string): void {
    const held = this.#keys.get(key);
    if (!held) return;
    held.fetching = 0;
    if (held.size === 0) this.#keys.delete(key);
  }

  #grow(by: number): void {
    this.#size += by;
    if (this.#size === by) this.onFirst();
  }

  #of(key: string): KeyHeld {
    let held = this.#keys.get(key);
    if (!held) {
      held = new KeyHeld();
      this.#keys.set(key, held);
    }
    return held;
  }
}
