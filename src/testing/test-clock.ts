import { InvalidOptionError } from '../faces/errors.js';
import { type WaitOptions, withinTime } from './within-time.js';

/** Where a test clock stands at first. */
const START = Date.UTC(2024, 0, 1);

/** Something that happens when a test clock has come so far. */
interface Alarm {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class TestClock {
  /** In the order in which they were set. */
  readonly #alarms = new Set<Alarm>();
  readonly #listeners = new Set<() => void>();
  #now: number;

  /** @param start a Date or Unix epoch milliseconds. Default 2024-01-01T00:00:00Z. @throws InvalidOptionError */
  constructor(start: number | Date = START) {
    this.#now = timeOf(start);
  }

  /** Unix epoch milliseconds. */
  now(): number {
    return this.#now;
  }

  /** Milliseconds until the next thing that waits for the clock; undefined when nothing does. */
  get next(): number | undefined {
    const alarm = this.#first(Number.POSITIVE_INFINITY);
    return alarm && Math.max(0, alarm.at - this.#now);
  }

  /** How many things wait for the clock. */
  get waiting(): number {
    return this.#alarms.size;
  }

  /**
   * Resolves when so many things wait for the clock, so that it is time to move it: a handler that has not failed
   * yet has no retry that waits.
   *
   * @throws TestTimeoutError that says how many there are instead; the signal's reason.
   */
  async whenWaiting(count = 1, options: WaitOptions = {}): Promise<void> {
    let listener = () => {};
    try {
      await withinTime(
        `the test clock to be waited for ${count} times`,
        options,
        () =>
          new Promise<void>((resolve) => {
            listener = () => {
              if (this.waiting >= count) resolve();
            };
            this.#listeners.add(listener);
            listener();
          }),
        () =>
          this.next === undefined ? 'Nothing waits for it.' : `${this.waiting} are; next in ${this.next} ms.`,
      );
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** Moves the clock on. What waits for a time on the way happens at its time, in order. @throws InvalidOptionError */
  advance(milliseconds: number): void {
    if (!(milliseconds >= 0 && Number.isFinite(milliseconds))) {
      throw new InvalidOptionError(
        `clock.advance(${milliseconds}): give a number of milliseconds from 0. Use clock.set to go back.`,
      );
    }
    const end = this.#now + milliseconds;
    for (let alarm = this.#first(end); alarm; alarm = this.#first(end)) {
      this.#alarms.delete(alarm);
      this.#now = Math.max(this.#now, alarm.at);
      alarm.callback();
    }
    this.#now = end;
  }

  /** Puts the clock to a time: forward as `advance` does, or back. @throws InvalidOptionError */
  set(time: number | Date): void {
    const to = timeOf(time);
    if (to >= this.#now) this.advance(to - this.#now);
    else this.#now = to;
  }

  /** Calls back when the clock has moved on so far. Returns what takes it back. */
  after(milliseconds: number, callback: () => void): Disposable {
    const alarm: Alarm = { at: this.#now + milliseconds, callback };
    this.#alarms.add(alarm);
    for (const listener of this.#listeners) listener();
    return { [Symbol.dispose]: () => void this.#alarms.delete(alarm) };
  }

  /** The earliest alarm that is due by then; of equal ones the one that was set first. */
  #first(by: number): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.at <= by && (first === undefined || alarm.at < first.at)) first = alarm;
    }
    return first;
  }
}

function timeOf(given: number | Date): number {
  const time = +given;
  if (Number.isFinite(time)) return time;
  throw new InvalidOptionError(`${String(given)} is not a time: give a Date or Unix epoch milliseconds.`);
}
