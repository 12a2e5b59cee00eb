import { turn } from '../kernel/turn.js';
import { BUS_TURN_EVENTS } from '../limits.js';
import { MAX_CALLS_UNDER_WAY, WORKER_HELD_MS } from './limits.js';

/** Does the work of an item. Resolves with milliseconds when it is to be done again after a pause. */
export type Work<Item> = (item: Item) => Promise<number | undefined>;

/** Who hears what happens in a queue. */
export interface QueueEvents {
  /** An item has left the queue; so many of its key are left. */
  done(key: string, left: number): void;
  /** A worker is free and no key may begin: whatever is here is held up by the items before it. */
  starved(): void;
}

interface Node<Item> {
  readonly item: Item;
  next: Node<Item> | undefined;
}

/** The items of one key: the first one is under way, or waits for its turn or its retry. */
class Line<Item> {
  readonly key: string;
  head: Node<Item>;
  tail: Node<Item>;
  length = 1;

  constructor(key: string, node: Node<Item>) {
    this.key = key;
    this.head = node;
    this.tail = node;
  }

  add(node: Node<Item>): void {
    this.tail.next = node;
    this.tail = node;
    this.length++;
  }

  /** Takes the newer half out, the older ones of it first. */
  halve(): Item[] {
    const kept = Math.ceil(this.length / 2);
    let last = this.head;
    for (let count = 1; count < kept; count++) last = last.next as Node<Item>;
    const items: Item[] = [];
    for (let node = last.next; node; node = node.next) items.push(node.item);
    last.next = undefined;
    this.tail = last;
    this.length = kept;
    return items;
  }
}

/** One item that is being worked on. */
interface Running {
  /** By a clock that nobody sets. */
  readonly began: number;
  /** Whether it has been at it for so long that it takes up no worker. */
  isHeldUp: boolean;
}

/**
 * Works on items of one key one after another, and on so many keys at once. An item that has to be done again
 * holds back its own key only: while it waits, its place among the workers is free. So is that of an item that
 * has been under way for a second while other keys wait: work that never ends must not stop everybody.
 *
 * Nothing looks at the queue from time to time: a worker begins when an item comes, when another one ends, or
 * when a pause is over.
 */
export class KeyedQueue<Item> {
  readonly #workers: number;
  readonly #work: Work<Item>;
  readonly #events: QueueEvents;
  readonly #lines = new Map<string, Line<Item>>();
  /** Lines whose first item may begin, in the order in which they became so. */
  readonly #ready = new Set<Line<Item>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Oldest first. */
  readonly #running = new Set<Running>();
  #size = 0;
  #heldUp = 0;
  #begun = 0;
  #lookout: NodeJS.Timeout | undefined;
  #woken = false;
  #breathing = false;
  #stopped = false;

  /** @param work must not reject. */
  constructor(workers: number, work: Work<Item>, events: QueueEvents) {
    this.#workers = workers;
    this.#work = work;
    this.#events = events;
  }

  /** Items that are not done, those under way included. */
  get size(): number {
    return this.#size;
  }

  /** Keys that have items here. */
  get keys(): number {
    return this.#lines.size;
  }

  /** Keys whose first item waits to be done again. */
  get pausing(): number {
    return this.#timers.size;
  }

  /** Whether a worker is free and nobody is there for it. */
  get isStarved(): boolean {
    return this.#ready.size === 0 && this.#hasWorker && !this.#stopped;
  }

  /** Items of one key. */
  lengthOf(key: string): number {
    return this.#lines.get(key)?.length ?? 0;
  }

  add(key: string, item: Item): void {
    this.#size++;
    const node: Node<Item> = { item, next: undefined };
    const line = this.#lines.get(key);
    if (line) {
      line.add(node);
      return;
    }
    const begun = new Line(key, node);
    this.#lines.set(key, begun);
    this.#ready.add(begun);
    this.#wake();
  }

  /** Every key that may gives up the newer half of its items: they are handed over, and are here no more. */
  shed(may: (key: string) => boolean, take: (key: string, items: readonly Item[]) => void): void {
    for (const line of this.#lines.values()) {
      if (line.length < 2 || !may(line.key)) continue;
      const items = line.halve();
      this.#size -= items.length;
      take(line.key, items);
    }
  }

  /** Begins nothing more. What is under way ends by itself, and nobody hears of it. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#lookout);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#ready.clear();
  }

  get #hasWorker(): boolean {
    return this.#running.size - this.#heldUp < this.#workers && this.#running.size < this.#most;
  }

  /** Calls under way at once, whatever holds them up. */
  get #most(): number {
    return Math.max(this.#workers, MAX_CALLS_UNDER_WAY);
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
    while (this.#hasWorker && !this.#breathing && !this.#stopped) {
      const [line] = this.#ready;
      if (!line) {
        this.#events.starved();
        return;
      }
      this.#ready.delete(line);
      void this.#begin(line);
      if (++this.#begun % BUS_TURN_EVENTS === 0) void this.#breathe();
    }
    if (this.#ready.size > 0 && !this.#hasWorker) this.#lookOut();
    else if (this.#lookout !== undefined && this.#ready.size === 0) {
      // Nobody waits for a worker any more.
      clearTimeout(this.#lookout);
      this.#lookout = undefined;
    }
  }

  async #begin(line: Line<Item>): Promise<void> {
    const running: Running = { began: performance.now(), isHeldUp: false };
    this.#running.add(running);
    const pause = await this.#work(line.head.item);
    this.#running.delete(running);
    if (running.isHeldUp) this.#heldUp--;
    if (this.#stopped) return;
    if (pause === undefined) this.#done(line);
    else this.#retryLater(line, pause);
    this.#pump();
  }

  #done(line: Line<Item>): void {
    this.#size--;
    line.length--;
    const { next } = line.head;
    if (next) {
      line.head = next;
      this.#ready.add(line);
    } else this.#lines.delete(line.key);
    this.#events.done(line.key, line.length);
  }

  #retryLater(line: Line<Item>, pause: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#ready.add(line);
      this.#pump();
    }, pause);
    this.#timers.add(timer);
  }

  /** Keys wait and every worker is busy: looks again when the oldest call may have been under way for too long. */
  #lookOut(): void {
    if (this.#lookout !== undefined || this.#running.size >= this.#most) return;
    let oldest: Running | undefined;
    for (const running of this.#running) {
      if (running.isHeldUp) continue;
      oldest = running;
      break;
    }
    if (!oldest) return;
    this.#lookout = setTimeout(
      () => {
        this.#lookout = undefined;
        if (this.#stopped) return;
        const latest = performance.now() - WORKER_HELD_MS;
        for (const running of this.#running) {
          if (running.isHeldUp || running.began > latest) continue;
          running.isHeldUp = true;
          this.#heldUp++;
        }
        this.#pump();
      },
      Math.max(1, Math.ceil(oldest.began + WORKER_HELD_MS - performance.now())),
    );
  }

  /** Handlers that never wait would keep timers, sockets and commits from being served. */
  async #breathe(): Promise<void> {
    this.#breathing = true;
    await turn();
    this.#breathing = false;
    this.#pump();
  }
}
