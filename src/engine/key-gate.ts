import type { NameEntry } from './directory.js';

/** An event that waits until its key is quiet. */
interface Waiting {
  readonly enter: () => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * Makes the order within a key independent of timing, in deterministic mode. A published event of a key is
 * sequenced only when everything before it in the key, and everything that led to, is finished; else it would
 * depend on the speed of the lanes whether it comes before or after what a handler emits to the same key.
 * Other keys are not held up. Waiting events count as in flight, so the gate is bounded like everything else.
 */
export class KeyGate {
  readonly #queues = new Map<string, Waiting[]>();
  readonly #unfinished = new Map<string, NameEntry>();
  /** Keys that became quiet and have events waiting. */
  readonly #quiet = new Set<string>();
  readonly #hasBacklog: (key: string) => boolean;
  #waiting = 0;

  /** @param hasBacklog whether events of the key wait in the log, from before the engine was opened. */
  constructor(hasBacklog: (key: string) => boolean = () => false) {
    this.#hasBacklog = hasBacklog;
  }

  /** Events that wait here. */
  get waiting(): number {
    return this.#waiting;
  }

  mustWait(key: string): boolean {
    return this.#queues.has(key) || this.#isBusy(key);
  }

  add(key: string, waiting: Waiting): void {
    this.#waiting++;
    const queue = this.#queues.get(key);
    if (queue) queue.push(waiting);
    else this.#queues.set(key, [waiting]);
  }

  /** An event of the key is on its way to a lane. */
  began(key: NameEntry): void {
    key.unfinished++;
    if (key.unfinished === 1) this.#unfinished.set(key.name, key);
  }

  /** An event of the key is finished, or parked. */
  ended(key: NameEntry): void {
    key.unfinished--;
    if (key.unfinished > 0) return;
    this.#unfinished.delete(key.name);
    if (this.#queues.has(key.name)) this.#quiet.add(key.name);
  }

  /** Lets events of quiet keys in. Called between lane answers, when all that was emitted is sequenced. */
  advance(): void {
    for (const key of this.#quiet) {
      this.#quiet.delete(key);
      this.#advanceKey(key);
    }
  }

  /** Looks at every key again: some may have been waiting for the backlog alone. */
  recheck(): void {
    for (const key of this.#queues.keys()) this.#quiet.add(key);
  }

  refuseAll(error: Error): void {
    const queues = [...this.#queues.values()];
    this.#queues.clear();
    this.#waiting = 0;
    for (const { refuse } of queues.flat()) refuse(error);
  }

  #isBusy(key: string): boolean {
    return this.#unfinished.has(key) || this.#hasBacklog(key);
  }

  #advanceKey(key: string): void {
    const queue = this.#queues.get(key) ?? [];
    while (queue.length > 0 && !this.#isBusy(key)) {
      const next = queue.shift() as Waiting;
      this.#waiting--;
      try {
        next.enter();
      } catch (error) {
        next.refuse(error);
      }
    }
    if (queue.length === 0) this.#queues.delete(key);
  }
}
