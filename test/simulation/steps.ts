import { seededRandom } from '../../dist/src/kernel/random.js';
import { Violation } from './violation.js';

interface Step {
  readonly label: string;
  readonly run: () => void;
}

/** Turns of the event loop after a step: the engine reads its log in turns, and at most a few follow each other. */
const TURNS = 3;

/**
 * Everything that could happen next, in queues that are each first-in first-out, like the mailbox of a thread.
 * Which queue goes on is drawn from a seed, so a whole life of an engine can be lived again, step by step.
 */
export class Steps {
  readonly random: () => number;
  readonly trace: string[] = [];
  readonly #queues = new Map<string, Step[]>();
  count = 0;

  constructor(seed: string) {
    this.random = seededRandom(seed);
  }

  /** A whole number from 0 up to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }

  add(queue: string, label: string, run: () => void): void {
    const steps = this.#queues.get(queue);
    if (steps) steps.push({ label, run });
    else this.#queues.set(queue, [{ label, run }]);
  }

  /** A promise that a step resolves. */
  wait(queue: string, label: string): Promise<void> {
    return new Promise((resolve) => this.add(queue, label, resolve));
  }

  /** Drops the queues whose names begin so: whoever owned them is dead. */
  drop(prefix: string): void {
    for (const name of this.#queues.keys()) if (name.startsWith(prefix)) this.#queues.delete(name);
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  note(line: string): void {
    this.trace.push(`${this.count} ${line}`);
  }

  /** Lets one thing happen, and everything that follows from it at once. @throws Violation after too many steps. */
  async next(most = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.count > most) throw new Violation(`no end after ${most} steps`, this.trace);
    const names = [...this.#queues.keys()];
    const name = names[this.below(names.length)];
    if (name !== undefined) {
      const steps = this.#queues.get(name) as Step[];
      const step = steps.shift() as Step;
      if (steps.length === 0) this.#queues.delete(name);
      this.count++;
      this.note(`${name}: ${step.label}`);
      step.run();
    }
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /**
   * Goes on until a promise is settled.
   *
   * @throws what it rejects with; Violation when nothing is left to do, or after too many steps; what `check` throws.
   */
  async until<Value>(promise: Promise<Value>, what: string, most: number, check = () => {}): Promise<Value> {
    let settled = false;
    const end = () => {
      settled = true;
    };
    promise.then(end, end);
    for (let idle = 0; !settled; ) {
      idle = this.isEmpty ? idle + 1 : 0;
      if (idle > 200) throw new Violation(`${what} waits for ever`, this.trace);
      await this.next(most);
      check();
    }
    return promise;
  }
}
