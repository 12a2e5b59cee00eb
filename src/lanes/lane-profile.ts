import { shareOut } from '../observe/share-out.js';
import type { ThreadSpan } from '../sampling/span-log.js';
import type { TypeWork } from '../sampling/thread-profiler.js';

/** What a lane notes of its batches while it is profiled. */
export class LaneProfile {
  readonly #note: (span: ThreadSpan) => void;
  readonly #work = new Map<number, { type: number; events: number; busy: number }>();

  constructor(note: (span: ThreadSpan) => void) {
    this.#note = note;
  }

  /** @param start in milliseconds of the thread's own clock, as `end`. */
  ran(start: number, end: number, events: number, types: Float64Array): void {
    const { timeOrigin } = performance;
    this.#note({ kind: 'batch', start: timeOrigin + start, end: timeOrigin + end, events });
    shareOut(end - start, types, (type, count, busy) => {
      const sum = this.#work.get(type) ?? { type, events: 0, busy: 0 };
      this.#work.set(type, sum);
      sum.events += count;
      sum.busy += busy;
    });
  }

  get work(): readonly TypeWork[] {
    return [...this.#work.values()];
  }
}
