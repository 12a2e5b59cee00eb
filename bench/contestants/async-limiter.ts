import { check, type Sample, Stopwatch } from '../support/sample.js';
import type { AsyncRun } from './async-engine.js';

const WARM_UP = 2000;

/** A plain limiter, as p-queue is one: a list of functions, so many of them at a time. No order, nothing stored. */
class Limiter {
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #concurrency: number;
  #first = 0;
  #running = 0;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  add(task: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(() => task().then(resolve));
      this.#next();
    });
  }

  #next(): void {
    while (this.#running < this.#concurrency && this.#first < this.#waiting.length) {
      const task = this.#waiting[this.#first++] as () => Promise<void>;
      this.#running++;
      task().then(() => {
        this.#running--;
        this.#next();
      });
    }
  }
}

/** What is measured: the waits alone, on the main thread, `concurrency` at a time. */
export default async function run({ events, milliseconds, concurrency }: AsyncRun): Promise<Sample> {
  let count = 0;
  const publish = async (tasks: number, wait: number): Promise<void> => {
    const limiter = new Limiter(concurrency);
    const task = () =>
      new Promise<void>((resolve) => {
        setTimeout(() => {
          count++;
          resolve();
        }, wait);
      });
    await Promise.all(Array.from({ length: tasks }, () => limiter.add(task)));
  };
  await publish(WARM_UP, 1);

  const watch = new Stopwatch();
  await publish(events, milliseconds);
  const sample = watch.stop(events);
  check('the count of events', count, WARM_UP + events);
  return sample;
}
