import { Worker } from 'node:worker_threads';

/** How often what has become due is published. */
const TICK_MILLISECONDS = 0.25;

/** Events published in one turn of the event loop at most, when the load has fallen behind. */
const TURN_EVENTS_MAX = 1024;

/** A load that does not wait for the engine: event `index` is due at `index / rate` seconds, come what may. */
export interface OpenLoop {
  readonly rate: number;
  readonly events: number;
  /** Publishes an event that was due at `intended` (of `performance.now()`); a promise means: wait for room. */
  publish(index: number, intended: number): Promise<void> | undefined;
}

/** Runs a load to its end. Resolves when the last event is published. */
export async function runOpenLoop({ rate, events, publish }: OpenLoop): Promise<void> {
  const pacer = new Worker(new URL('./pacer.js', import.meta.url), {
    workerData: { milliseconds: TICK_MILLISECONDS },
  });
  const started = performance.now();
  const perMillisecond = rate / 1000;
  let next = 0;
  let blocked = false;
  try {
    await new Promise<void>((resolve, reject) => {
      const advance = (): void => {
        if (blocked || next >= events) return;
        const due = Math.min(events, Math.floor((performance.now() - started) * perMillisecond));
        const stop = Math.min(due, next + TURN_EVENTS_MAX);
        while (next < stop) {
          const full = publish(next, started + next / perMillisecond);
          if (full) {
            blocked = true;
            full.then(unblock, reject);
            return;
          }
          next++;
        }
        if (next === events) resolve();
        else if (next < due) setImmediate(advance);
      };
      const unblock = (): void => {
        blocked = false;
        advance();
      };
      pacer.on('message', advance);
      pacer.on('error', reject);
    });
  } finally {
    await pacer.terminate();
  }
}
