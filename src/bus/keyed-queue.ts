import { turn } from '../events/turn.js';
import { BUS_TURN_EVENTS } from '../limits.js';

/** Does the work of an item. Resolves with milliseconds when it is to be done again after a pause. */
export type Work<Item> = (item: Item) => Promise<number | undefined>;

interface Node<Item> {
  readonly item: Item;
  next: Node<Item> | undefined;
}

/** The items of one key: the first one is under way, or waits for its turn or its retry. */
class Line<Item> {
  readonly key: string;
  head: Node<Item>;
  tail: Node<Item>;

  constructor(key: string, node: Node<Item>) {
    this.key = key;
    this.head = node;
    this.tail = node;
  }
}

/**
 * Works on items of one key one after another, and on so many keys at once. An item that has to be done again
 * holds back its own key only: while it waits, its place among the workers is free.
 *
 * Nothing looks at the queue from time to time: a worker begins when an item comes, when another one ends, or
 * when a pause is over.
 */
export class KeyedQueue<Item> {
  readonly #workers: number;
  readonly #work: Work<Item>;
  readonly #onDone: () => void;
  readonly #lines = new Map<string, Line<Item>>();
  /** Lines whose first item may begin, in the order in which they became so. */
  readonly #ready = new Set<Line<Item>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #size = 0;
  #running = 0;
  #begun = 0;
  #woken = false;
  #breathing = false;
  #stopped = false;

  /**
   * @param work must not reject.
   * @param onDone an item has left the queue.
   */
  constructor(workers: number, work: Work<Item>, onDone: () => void) {
    this.#workers = workers;
    this.#work = work;
    this.#onDone = onDone;
  }

  /** Items that are not done, those under way included. */
  get size(): number {
    return this.#size;
  }

  add(key: string, item: Item): void {
    this.#size++;
    const node: Node<Item> = { item, next: undefined };
    const line = this.#lines.get(key);
    if (line) {
      line.tail.next = node;
      line.tail = node;
      return;
    }
    const begun = new Line(key, node);
    this.#lines.set(key, begun);
    this.#ready.add(begun);
    this.#wake();
  }

  /** Begins nothing more. What is under way ends by itself, and nobody hears of it. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#ready.clear();
  }

  /** In a microtask: whoever adds items is in the middle of something. */
  #wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    queueMicrotask(() => {
      this.#woken = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#running < this.#workers && !this.#breathing && !this.#stopped) {
      const [line] = this.#ready;
      if (!line) return;
      this.#ready.delete(line);
      this.#running++;
      void this.#begin(line);
      if (++this.#begun % BUS_TURN_EVENTS === 0) void this.#breathe();
    }
  }

  async #begin(line: Line<Item>): Promise<void> {
    const pause = await this.#work(line.head.item);
    this.#running--;
    if (this.#stopped) return;
    if (pause === undefined) this.#done(line);
    else this.#retryLater(line, pause);
    this.#pump();
  }

  #done(line: Line<Item>): void {
    this.#size--;
    const { next } = line.head;
    if (next) {
      line.head = next;
      this.#ready.add(line);
    } else this.#lines.delete(line.key);
    this.#onDone();
  }

  #retryLater(line: Line<Item>, pause: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#ready.add(line);
      this.#pump();
    }, pause);
    this.#timers.add(timer);
  }

  /** Handlers that never wait would keep timers, sockets and commits from being served. */
  async #breathe(): Promise<void> {
    this.#breathing = true;
    await turn();
    this.#breathing = false;
    this.#pump();
  }
}
