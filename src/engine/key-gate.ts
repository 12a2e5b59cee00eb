import type { NameEntry } from './directory.js';
import type { RowNames, Sequencer } from './sequencer.js';

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
  readonly #sequencer: Sequencer;
  readonly #queues = new Map<string, Waiting[]>();
  readonly #unfinished = new Map<string, NameEntry>();
  /** Keys that became quiet and have events waiting. */
  readonly #quiet = new Set<string>();
  #waiting = 0;

  constructor(sequencer: Sequencer) {
    this.#sequencer = sequencer;
  }

  /** Events that wait here. */
  get waiting(): number {
    return this.#waiting;
  }

  mustWait(key: string): boolean {
    return this.#queues.has(key) || this.#unfinished.has(key);
  }

  /**
   * Runs `enter` when the event's key is quiet. Its names are kept for it, so nothing refuses it then.
   *
   * @throws what refuses the event: it does not wait then.
   */
  add(event: RowNames, enter: () => void, refuse: (error: unknown) => void): void {
    this.#sequencer.reserve(event);
    const waiting: Waiting = {
      enter: () => {
        this.#sequencer.release(event);
        enter();
      },
      refuse,
    };
    this.#waiting++;
    const queue = this.#queues.get(event.partitionKey);
    if (queue) queue.push(waiting);
    else this.#queues.set(event.partitionKey, [waiting]);
  }

  /** The first event of the key is on its way to a lane. */
  began(key: NameEntry): void {
    this.#unfinished.set(key.name, key);
  }

  /** All events of the key are finished, or parked. */
  ended(key: NameEntry): void {
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

  refuseAll(error: Error): void {
    const queues = [...this.#queues.values()];
    this.#queues.clear();
    this.#waiting = 0;
    for (const { refuse } of queues.flat()) refuse(error);
  }

  #advanceKey(key: string): void {
    const queue = this.#queues.get(key) ?? [];
    while (queue.length > 0 && !this.#unfinished.has(key)) {
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
