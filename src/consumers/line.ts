import type { RawEvent } from '../store/store.js';

/** The events of one key that were read and are not done: the first one is under way, or waits for its turn or retry. */
export class Line {
  readonly key: number;
  /** Tries of the first event that have failed. */
  attempts = 0;
  #events: RawEvent[] = [];
  #at = 0;

  constructor(key: number) {
    this.key = key;
  }

  get length(): number {
    return this.#events.length - this.#at;
  }

  get head(): RawEvent {
    return this.#events[this.#at] as RawEvent;
  }

  add(event: RawEvent): void {
    this.#events.push(event);
  }

  /** The first event is done. */
  shift(): void {
    this.attempts = 0;
    this.#at++;
    if (this.#at < 64 || 2 * this.#at < this.#events.length) return;
    this.#events = this.#events.slice(this.#at);
    this.#at = 0;
  }

  /** Gives back all events behind the first `kept`, oldest first. */
  cut(kept: number): readonly RawEvent[] {
    return this.#events.splice(this.#at + kept);
  }
}

/** Lines whose first event may begin; the one whose event is oldest comes first: a binary heap. */
export class ReadyLines {
  readonly #heap: Line[] = [];

  add(line: Line): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(line);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Line;
      if (above.head.position <= line.head.position) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = line;
  }

  take(): Line | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    while (true) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const isRight =
        right < heap.length && (heap[right] as Line).head.position < (heap[left] as Line).head.position;
      const child = heap[isRight ? right : left] as Line;
      if (child.head.position >= last.head.position) break;
      heap[at] = child;
      at = isRight ? right : left;
    }
    heap[at] = last;
    return first;
  }
}
