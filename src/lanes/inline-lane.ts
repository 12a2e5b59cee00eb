import { setImmediate } from 'node:timers';
import { inBatch, outside, staying, stayingIfAsync } from '../kernel/async-context.js';
import type { WireError } from '../kernel/error-codec.js';
import { SpanLog } from '../sampling/span-log.js';
import type { ProfileOrder, ThreadReading } from '../sampling/thread-profiler.js';
import type { Aggregate } from './aggregates/define-aggregate.js';
import { InlineCommands } from './aggregates/inline-commands.js';
import { loadAggregates } from './aggregates/load-aggregates.js';
import type { CommandLane } from './aggregates/protocol.js';
import type { Lane, LaneEvents } from './executor.js';
import type { HandlerEntry, HandlerModule } from './handlers.js';
import { LaneCell } from './lane-cell.js';
import { limited } from './limited.js';
import { loadHandlers } from './load-handlers.js';
import type { HandledType, LaneBatch, LaneSetup } from './protocol.js';
import { LaneRunner } from './runner.js';
import { TracerErrors, traced } from './traced.js';

/** Of a handler that was not known to be async, only this much is known. */
const BATCH = 'a handler on the main thread';

/** A lane on the main thread: the same runner, no thread. It cannot be ended in the middle of a handler. */
export class InlineLane implements Lane {
  readonly cell: LaneCell;
  readonly #load: typeof loadHandlers;
  readonly #owner: object;
  #runner: LaneRunner | undefined;
  #answered: LaneEvents['answered'] = () => {};
  #log = new SpanLog();
  readonly #aggregates: readonly (string | Aggregate)[];
  #commands: CommandLane | undefined;

  /**
   * @param load where the handler modules come from; a test engine has them already.
   * @param owner who waits for the handlers: what waits for the owner is refused inside them.
   * @param aggregates URLs of modules that export some, or the aggregates themselves.
   */
  constructor(
    concurrency: number,
    load: typeof loadHandlers = loadHandlers,
    owner: object = {},
    aggregates: readonly (string | Aggregate)[] = [],
  ) {
    this.#aggregates = aggregates;
    this.cell = new LaneCell(concurrency);
    this.#load = load;
    this.#owner = owner;
  }

  async open(setup: LaneSetup, { answered, log }: LaneEvents): Promise<readonly HandledType[]> {
    const errors = new TracerErrors();
    const loaded = limited(await this.#load(setup.modules), setup.handlerTimeoutMs);
    const modules = (await traced(loaded, setup.tracing, errors)).map((module) => this.#staying(module));
    this.#answered = answered;
    if (this.#aggregates.length > 0) {
      this.#commands = new InlineCommands(
        setup,
        await loadAggregates(this.#aggregates),
        this.cell,
        this.#owner,
      );
    }
    this.#runner = new LaneRunner(setup, modules, this.cell, answered, {
      ...{ tracerErrors: errors, log },
      aggregates: this.#commands?.loaded,
    });
    return this.#runner.handled;
  }

  get commands(): CommandLane | undefined {
    return this.#commands;
  }

  run(batch: LaneBatch): void {
    // A turn of the event loop between batches, so that timers, sockets and commits are not starved.
    setImmediate(async () => {
      const runner = this.#runner as LaneRunner;
      const answer = await inBatch(this.#owner, BATCH, () => runner.run(batch));
      if (answer) this.#answered(answer);
    });
  }

  broadcast(message: unknown): Promise<readonly WireError[]> {
    const copy: unknown = structuredClone(message);
    return outside(() => (this.#runner as LaneRunner).broadcast(copy));
  }

  /** On the main thread a handler can reach its own engine, and must not wait for it. */
  #staying(module: HandlerModule): HandlerModule {
    const { name, hooks } = module;
    const entries = module.entries.map((entry) => ({
      ...entry,
      handle: stayingIfAsync(
        this.#owner,
        `the handler of '${entry.eventType.type}' in handlers '${name}'`,
        entry.handle as (...parameters: readonly unknown[]) => unknown,
      ) as HandlerEntry['handle'],
    }));
    const { onBroadcast } = hooks;
    if (!onBroadcast) return { ...module, entries };
    const hook = staying(this.#owner, `onBroadcast of handlers '${name}'`, onBroadcast);
    return { ...module, entries, hooks: { ...hooks, onBroadcast: hook as typeof onBroadcast } };
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
      case 'answer':
      case 'snapshot':
      case 'count':
        return undefined;
    }
  }

  async end(): Promise<void> {}
}
