import type { WireError } from '../events/error-codec.js';
import { SpanLog } from '../profile/span-log.js';
import type { ProfileOrder, ThreadReading } from '../profile/thread-profiler.js';
import type { Lane, LaneEvents } from './executor.js';
import { LaneCell } from './lane-cell.js';
import { loadHandlers } from './load-handlers.js';
import type { HandledType, LaneBatch, LaneSetup } from './protocol.js';
import { LaneRunner } from './runner.js';
import { traced } from './traced.js';

/** A lane on the main thread: the same runner, no thread. It cannot be ended in the middle of a handler. */
export class InlineLane implements Lane {
  readonly cell: LaneCell;
  readonly #load: typeof loadHandlers;
  #runner: LaneRunner | undefined;
  #answered: LaneEvents['answered'] = () => {};
  #log = new SpanLog();

  /** @param load where the handler modules come from; a test engine has them already. */
  constructor(concurrency: number, load: typeof loadHandlers = loadHandlers) {
    this.cell = new LaneCell(concurrency);
    this.#load = load;
  }

  async open(setup: LaneSetup, { answered }: LaneEvents): Promise<readonly HandledType[]> {
    const modules = await traced(await this.#load(setup.modules), setup.tracing);
    this.#answered = answered;
    this.#runner = new LaneRunner(setup, modules, this.cell, answered);
    return this.#runner.handled;
  }

  run(batch: LaneBatch): void {
    // A turn of the event loop between batches, so that timers, sockets and commits are not starved.
    setImmediate(async () => {
      const answer = await (this.#runner as LaneRunner).run(batch);
      if (answer) this.#answered(answer);
    });
  }

  broadcast(message: unknown): Promise<readonly WireError[]> {
    return (this.#runner as LaneRunner).broadcast(structuredClone(message));
  }

  /** The dispatcher samples the thread; which batches ran there only the lane can say. */
  async profile(order: ProfileOrder): Promise<ThreadReading | undefined> {
    const runner = this.#runner as LaneRunner;
    switch (order.do) {
      case 'start':
        this.#log = new SpanLog();
        runner.startProfile((span) => this.#log.add(span));
        return undefined;
      case 'stop': {
        const { spans, leftOut: spansLeftOut } = this.#log;
        return { active: 0, memory: [], spans, spansLeftOut, work: runner.stopProfile() };
      }
      case 'snapshot':
      case 'count':
        return undefined;
    }
  }

  async end(): Promise<void> {}
}
