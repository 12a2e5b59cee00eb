import { defineEvent, defineHandlers, type HandlerContext } from 'millrace/define';
import { LaneCrashedError } from 'millrace/errors';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { checkOptions } from '../../../dist/src/engine/check-options.js';
import { openIn, realWorld } from '../../../dist/src/engine/open.js';
import type { Lane, LaneEvents } from '../../../dist/src/lanes/executor.js';
import type { HandlerModule } from '../../../dist/src/lanes/handlers.js';
import { LaneCell } from '../../../dist/src/lanes/lane-cell.js';
import type { HandledType, LaneBatch, LaneSetup } from '../../../dist/src/lanes/protocol.js';
import { LaneRunner } from '../../../dist/src/lanes/runner.js';
import { handlers } from '../../support/open-test-engine.js';

const CONCURRENCY = 2;
/** What the first lane says that each answer took: so long that it is sent its events one by one. */
const SLOW_MILLISECONDS = 100;

const Told = defineEvent('deaths.told', {
  schema: z.object({
    key: z.string(),
    number: z.number(),
    /** What its handler does at its first try. */
    does: z.enum(['ends', 'waits', 'dies at once', 'dies later']),
    /** Number of an event of the same key that it emits, which is handled as well. */
    emits: z.number().optional(),
  }),
  aggregateId: ({ key }) => key,
});

/** Emitted of each event that was handled, to another aggregate of its key; nobody handles it. */
const Heard = defineEvent('deaths.heard', {
  schema: z.object({ key: z.string(), number: z.number() }),
  aggregateId: ({ key }) => `heard-of-${key}`,
  partitionKey: ({ key }) => key,
});

type Data = Parameters<typeof Told>[0];

/** The real runner on a lane that dies when its handler says so, with all that it has not answered. */
class MortalLane implements Lane {
  cell = new LaneCell(CONCURRENCY);
  isDead = false;
  readonly #turns: number[];
  readonly #milliseconds: number;
  readonly #mail: LaneBatch[] = [];
  #runner: LaneRunner | undefined;
  #events: LaneEvents = { answered: () => {}, died: () => {} };
  #worked = 0;

  /**
   * @param turns batches that it takes up in its first turns of the event loop; later it takes one.
   * @param milliseconds what it says that each answer took.
   */
  constructor(turns: readonly number[], milliseconds: number) {
    this.#turns = [...turns];
    this.#milliseconds = milliseconds;
  }

  async open(setup: LaneSetup, events: LaneEvents): Promise<readonly HandledType[]> {
    this.#events = events;
    const busy = () => (this.#worked += this.#milliseconds);
    const answered: LaneEvents['answered'] = (answer) => {
      if (!this.isDead) events.answered(answer);
    };
    this.#runner = new LaneRunner(setup, [this.#module()], this.cell, answered, { busy });
    return this.#runner.handled;
  }

  run(batch: LaneBatch): void {
    this.#mail.push(batch);
    if (this.#mail.length < (this.#turns[0] ?? 1)) return;
    this.#turns.shift();
    const batches = this.#mail.splice(0);
    setImmediate(() => {
      for (const next of batches) this.#begin(next);
    });
  }

  async broadcast(): Promise<[]> {
    return [];
  }

  async profile(): Promise<undefined> {}

  async end(): Promise<void> {
    this.isDead = true;
  }

  #begin(batch: LaneBatch): void {
    this.#runner?.run(batch).then((answer) => {
      if (answer && !this.isDead) this.#events.answered(answer);
    });
  }

  #die(): void {
    this.isDead = true;
    // What it was doing stays readable, whatever becomes of the handler that goes on here.
    const memory = new SharedArrayBuffer(this.cell.memory.byteLength);
    new Uint8Array(memory).set(new Uint8Array(this.cell.memory));
    this.cell = new LaneCell(CONCURRENCY, memory);
    setImmediate(() => this.#events.died(new LaneCrashedError('It died.')));
  }

  #module(): HandlerModule {
    const module = defineHandlers('deaths', (on) => {
      on(Told, ({ data }, ctx) => this.#handle(data, ctx), { retries: 1, retryDelayMs: 1 });
    });
    return module as unknown as HandlerModule;
  }

  #handle(data: Data, ctx: HandlerContext): void | Promise<void> {
    const does = ctx.attempt === 1 ? data.does : 'ends';
    if (does === 'ends') return this.#emit(data, ctx);
    if (does !== 'dies at once') return this.#later(data, ctx, does);
    this.#die();
    throw new Error('nobody hears this');
  }

  async #later(data: Data, ctx: HandlerContext, does: Data['does']): Promise<void> {
    await Promise.resolve();
    if (does === 'dies later') this.#die();
    // What a dead thread awaits never ends.
    if (this.isDead) await new Promise(() => {});
    this.#emit(data, ctx);
  }

  #emit({ key, number, emits }: Data, ctx: HandlerContext): void {
    ctx.emit(Heard({ key, number }));
    if (emits !== undefined) ctx.emit(Told({ key, number: emits, does: 'ends' }));
  }
}

test.each([
  ['with its handler on the stack', 'dies at once'],
  ['while it is awaited beside another one', 'dies later'],
] as const)('a lane that dies of the first event of a run, %s, while the rest of the run still waits for it: what the event emits at its next try is handled before the rest', async (_, does) => {
  const checked = checkOptions({
    events: [Told, Heard],
    handlers: [handlers('mixed')],
    threads: 1,
    concurrency: CONCURRENCY,
    deterministic: true,
  });
  // The first lane takes up the event beside it and the deadly one in one turn, so that it has answered neither.
  const lanes: MortalLane[] = [];
  const makeLane = () => {
    const lane = lanes.length === 0 ? new MortalLane([1, 1, 2], SLOW_MILLISECONDS) : new MortalLane([], 0);
    lanes.push(lane);
    return lane;
  };
  const engine = await openIn(checked, { ...realWorld(checked), makeLane });
  onTestFinished(() => engine.close());
  const told = (data: Data) => Told(data, { occurredAt: 1 });
  await engine.publish(told({ key: 'measured', number: 0, does: 'ends' }), { until: 'handled' });
  await engine.publishMany([
    told({ key: 'run', number: 0, does: 'ends' }),
    told({ key: 'beside', number: 0, does: 'waits' }),
    told({ key: 'run', number: 1, does, emits: 2 }),
    told({ key: 'run', number: 3, does: 'ends' }),
    told({ key: 'run', number: 4, does: 'ends' }),
  ]);
  await engine.drain();
  const numbers: number[] = [];
  for await (const { data } of engine.read({ aggregateId: 'heard-of-run' }))
    numbers.push((data as Data).number);
  expect(lanes.length).toBeGreaterThan(1);
  expect(numbers).toEqual([0, 1, 2, 3, 4]);
});
