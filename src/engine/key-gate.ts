import { FIRST_KEY_RUN, MAX_KEY_RUN } from '../lanes/limits.js';
import type { NameEntry } from './directory.js';
import type { KeyRuns, Waiting } from './key-runs.js';

/** The events of one key that wait. */
interface Queue {
  list: Waiting[];
  /** Events that may run as a batch next time: twice as many after a run that ran to its end. */
  run: number;
  running: boolean;
}

/**
 * Makes the order within a key independent of timing, in deterministic mode: an event comes behind everything that
 * was published before it in the key, and everything that this led to; else it would depend on the speed of the lanes
 * whether it comes before or after what a handler emits to the same key. So a published event gets its number only
 * when all of that has its own. Until then it waits here, or runs ahead of its number with others of its key: see
 * `KeyRuns`. Other keys are not held up. Waiting events count as in flight, so the gate is bounded like everything else.
 */
export class KeyGate {
  /** Left out when events must be durable before they are handled: those have their numbers first. */
  readonly #runs: KeyRuns | undefined;
  readonly #mayRun: (key: string) => boolean;
  readonly #queues = new Map<string, Queue>();
  readonly #unfinished = new Map<string, NameEntry>();
  /** Keys that became quiet and have events waiting. */
  readonly #quiet = new Set<string>();
  #waiting = 0;

  constructor(runs?: KeyRuns, mayRun: (key: string) => boolean = () => true) {
    this.#runs = runs;
    this.#mayRun = mayRun;
  }

  /** Events that have no number yet. */
  get waiting(): number {
    return this.#waiting;
  }

  mustWait(key: string): boolean {
    return this.#queues.has(key) || this.#unfinished.has(key);
  }

  add(key: string, waiting: Waiting): void {
    this.#waiting++;
    const queue = this.#queues.get(key);
    if (queue) queue.list.push(waiting);
    else this.#queues.set(key, { list: [waiting], run: FIRST_KEY_RUN, running: false });
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

  /** Events of the key are to run one at a time for now: one of them may be deadly. */
  slowDown(key: NameEntry): void {
    const queue = this.#queues.get(key.name);
    if (queue) queue.run = 1;
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
    this.#runs?.refuseAll(error);
    for (const { refuse } of queues.flatMap(({ list }) => list)) refuse(error);
  }

  #advanceKey(key: string): void {
    const queue = this.#queues.get(key);
    if (!queue) return;
    while (queue.list.length > 0 && !this.#unfinished.has(key)) {
      const count = this.#runnable(key, queue);
      if (count > 1) this.#run(queue, queue.list.splice(0, count));
      else this.#enter(queue);
    }
    if (queue.list.length === 0 && !queue.running) this.#queues.delete(key);
  }

  #enter(queue: Queue): void {
    const next = queue.list.shift() as Waiting;
    this.#waiting--;
    queue.run = Math.min(MAX_KEY_RUN, queue.run + 1);
    try {
      next.enter();
    } catch (error) {
      next.refuse(error);
    }
  }

  /** Events at the head of the queue that may run ahead of their numbers. */
  #runnable(key: string, { list, run }: Queue): number {
    if (!this.#runs || run < 2 || !this.#mayRun(key)) return 0;
    let count = 0;
    while (count < run && list[count]?.event?.type.handled) count++;
    return count;
  }

  #run(queue: Queue, list: readonly Waiting[]): void {
    queue.running = true;
    let running: NameEntry | undefined;
    this.#runs?.begin(list, {
      began: (key) => {
        running = key;
        this.began(key);
      },
      left: () => {
        this.#waiting--;
      },
      ended: (back) => {
        queue.running = false;
        queue.run = back.length > 0 ? 1 : Math.min(MAX_KEY_RUN, queue.run * 2);
        queue.list = [...back, ...queue.list];
        if (running) this.ended(running);
      },
    });
  }
}
