import type { WireError } from '../events/error-codec.js';
import type { HandlerModule } from '../index.js';
import type { Lane } from '../lanes/executor.js';
import { LaneCell } from '../lanes/lane-cell.js';
import type { HandledType, LaneBatch, LaneResult, LaneSetup } from '../lanes/protocol.js';
import { LaneRunner } from '../lanes/runner.js';

/** The engine's inline lane, for modules that are here already: what runs them is the same runner. */
export class TestLane implements Lane {
  readonly cell: LaneCell;
  readonly #modules: () => Promise<readonly HandlerModule[]>;
  #runner: LaneRunner | undefined;

  constructor(concurrency: number, modules: () => Promise<readonly HandlerModule[]>) {
    this.cell = new LaneCell(concurrency);
    this.#modules = modules;
  }

  async open(setup: LaneSetup): Promise<readonly HandledType[]> {
    this.#runner = new LaneRunner(setup, await this.#modules(), this.cell);
    return this.#runner.handled;
  }

  async run(batch: LaneBatch): Promise<LaneResult> {
    // As the inline lane does: a turn of the event loop between batches.
    await new Promise((resolve) => setImmediate(resolve));
    return (this.#runner as LaneRunner).run(batch);
  }

  broadcast(message: unknown): Promise<readonly WireError[]> {
    return (this.#runner as LaneRunner).broadcast(structuredClone(message));
  }

  async end(): Promise<void> {}
}
