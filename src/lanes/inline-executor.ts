import type { LaneExecutor } from './executor.js';
import { loadHandlers } from './load-handlers.js';
import type { HandledType, LaneBatch, LaneResult, LaneSetup } from './protocol.js';
import { LaneRunner } from './runner.js';

/** One lane on the main thread: the same runner, no thread. */
export class InlineExecutor implements LaneExecutor {
  readonly lanes = 1;
  readonly threads = 0;
  tasks = 0;
  #runner: LaneRunner | undefined;

  async open(setup: Omit<LaneSetup, 'lane'>): Promise<readonly HandledType[]> {
    this.tasks++;
    this.#runner = new LaneRunner({ ...setup, lane: 0 }, await loadHandlers(setup.modules));
    return this.#runner.handled;
  }

  async run(_lane: number, batch: LaneBatch): Promise<LaneResult> {
    this.tasks++;
    // A turn of the event loop between batches, so that timers, sockets and commits are not starved.
    await new Promise((resolve) => setImmediate(resolve));
    return (this.#runner as LaneRunner).run(batch);
  }

  async close(): Promise<void> {}
}
