/** What one run of one contestant measured. */
export interface Sample {
  readonly events: number;
  readonly seconds: number;
  /** CPU of all threads of the process while the clock ran. */
  readonly cpuMicros: number;
  readonly rssMegabytes: number;
  /** Anything else that the bench wants to show, such as percentiles. */
  readonly extra?: Readonly<Record<string, number>>;
}

/** Time and CPU of a stretch of work. Starts when made. */
export class Stopwatch {
  readonly #cpu = process.cpuUsage();
  readonly #started = performance.now();

  stop(events: number, extra?: Readonly<Record<string, number>>): Sample {
    const seconds = (performance.now() - this.#started) / 1000;
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      events,
      seconds,
      cpuMicros: user + system,
      rssMegabytes: process.memoryUsage.rss() / 2 ** 20,
      ...(extra && { extra }),
    };
  }
}

/** Stops a run whose result is wrong: a fast number for lost work is worth nothing. */
export function check(name: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${name} is ${actual}, but must be ${expected}: the run is void.`);
}
