import type { Engine, NewEvent } from 'millrace';
import { defineHandlers, type HandlerContext } from 'millrace/define';
import { checkOptions } from '../../../dist/src/engine/check-options.js';
import { openIn } from '../../../dist/src/engine/open.js';
import type { HandlerModule } from '../../../dist/src/lanes/handlers.js';
import { SimClock } from './clock.js';
import { Count, type Counted, count } from './counting.js';
import { Done, Lodging, Parking, Ringing, Skipping, TASKS, type Task } from './events.js';
import { Process, type Surroundings } from './process.js';
import { SimDisk } from './sim-disk.js';
import type { SimLane } from './sim-lane.js';
import { Steps } from './steps.js';
import { order, timersOf } from './timing.js';
import { Violation } from './violation.js';

const KEYS = ['a', 'b', 'c'];
const STEPS_MAX = 20_000;

/** When the first event occurred; each later one a millisecond after the one before. */
const FIRST_TIME = 1000;

/** Options that must not change what the log says. */
interface Setting {
  readonly threads: number;
  readonly concurrency: number;
  readonly maxInFlight: number;
  readonly dispatch: 'accepted' | 'durable';
}

/**
 * Deterministic mode's promise: the events of a seed, one after the other on one calm lane, and all at once on lanes that
 * answer when they like, that die of their events and are made more or fewer meanwhile, leave logs of one fingerprint, and
 * the same timers pending.
 *
 * @returns how many steps it took. @throws Violation
 */
export async function compareLogs(seed: string): Promise<number> {
  const draws = new Steps(`${seed}-events`);
  // Of their own: what is drawn of them moves nothing else.
  const timers = new Steps(`${seed}-timers`);
  const events = Array.from({ length: 20 + draws.below(60) }, (_, index) => eventOf(draws, timers, index));
  const calm = new Telling(`${seed}-calm`);
  const expected = await calm.tell(
    { threads: 1, concurrency: 1, maxInFlight: 1000, dispatch: 'durable' },
    async (engine) => {
      for (const event of events) {
        const handled = engine.publish(event, { until: 'handled' }).catch(() => {});
        await calm.until(handled, 'publish');
        await calm.until(engine.drain(), 'drain');
      }
    },
  );
  const wild = new Telling(`${seed}-wild`);
  const { steps } = wild;
  const setting: Setting = {
    threads: steps.below(4),
    concurrency: steps.pick([1, 2, 4]),
    maxInFlight: steps.pick([2, 8, 1000]),
    dispatch: steps.pick(['accepted', 'accepted', 'durable']),
  };
  const found = await wild.tell(setting, async (engine) => {
    for (let from = 0; from < events.length; ) {
      const size = 1 + steps.below(events.length);
      await wild.until(engine.publishMany(events.slice(from, from + size)), 'publishMany');
      from += size;
      if (steps.chance(0.3)) await wild.until(engine.setThreads(steps.below(4)), 'setThreads');
    }
  });
  if (found !== expected) {
    throw new Violation(`equal events led to another log with ${JSON.stringify(setting)}`, steps.trace);
  }
  return calm.steps.count + steps.count;
}

function eventOf(draws: Steps, timers: Steps, index: number): NewEvent {
  const key = draws.pick(KEYS);
  const bad = draws.chance(0.12);
  const task: Task = {
    key,
    number: 100 * (index + 1),
    pauses: draws.chance(0.7) ? 0 : draws.below(3),
    throws: bad ? draws.below(5) : 0,
    kills: bad && draws.chance(0.4) ? 1 + draws.below(3) : 0,
    sync: draws.chance(0.5),
    emits: draws.chance(0.15) ? [key] : [],
    // The data's time goes on by a millisecond with each event: some come due in the middle, and some never.
    timers: timersOf(timers, FIRST_TIME + index, () => key),
    due: 0,
  };
  return draws.pick([Parking, Skipping, Lodging])(task, { occurredAt: FIRST_TIME + index });
}

/** One log, told in a world of its own. */
class Telling implements Surroundings {
  readonly steps: Steps;
  readonly disk = new SimDisk();
  readonly clock = new SimClock();
  readonly faults = false;
  readonly counts = { ioErrors: 0 };

  constructor(seed: string) {
    this.steps = new Steps(seed);
  }

  /** Opens an engine, publishes, and returns the fingerprint of what has come of it, and the timers that are pending. */
  async tell(setting: Setting, publish: (engine: Engine) => Promise<void>): Promise<string> {
    const options = checkOptions({
      events: [...TASKS, Done],
      handlers: ['file:///simulated.mjs'],
      store: 'simulated',
      run: 'sim',
      deterministic: true,
      validate: 'off',
      ...setting,
    });
    const process = new Process(this, (lane) => ({ modules: [this.#module(lane)] }));
    const engine = await this.until(openIn(options, process.world(setting.concurrency)), 'open');
    await publish(engine);
    await this.until(engine.drain(), 'drain');
    const fingerprint = await this.until(engine.fingerprint(), 'fingerprint');
    await this.until(engine.close(), 'close');
    const contents = this.disk.read();
    // What has scheduled them has another position in another telling, and its key another number.
    const pending = contents.timers
      .page({ limit: Number.POSITIVE_INFINITY })
      .map(({ key, name, at }) => `${contents.nameOf(key)} ${name} at ${at}`);
    return [fingerprint, ...pending.sort()].join(', ');
  }

  async until<Value>(promise: Promise<Value>, what: string): Promise<Value> {
    return this.steps.until(promise, what, STEPS_MAX);
  }

  #module(lane: SimLane): HandlerModule {
    const handle = ({ data }: { data: Task }, counted: Counted, ctx: HandlerContext) =>
      this.#handle(lane, data, counted, ctx);
    const patient = { retries: 2, retryDelayMs: 1, state: Count };
    return defineHandlers('same', (on) => {
      on(Parking, patient, handle);
      on(Lodging, patient, handle);
      on(Ringing, patient, handle);
      on(Skipping, { ...patient, onFailure: 'skip' }, handle);
    });
  }

  #handle(lane: SimLane, task: Task, counted: Counted, ctx: HandlerContext): void | Promise<void> {
    if (lane.dead) return never();
    if (task.sync && ctx.attempt <= task.kills) {
      lane.die(`poison ${task.number}`);
      throw new Error('nobody hears this');
    }
    if (task.pauses > 0 || ctx.attempt <= task.kills) return this.#slowly(lane, task, counted, ctx);
    finish(task, counted, ctx);
  }

  async #slowly(lane: SimLane, task: Task, counted: Counted, ctx: HandlerContext): Promise<void> {
    let past = 0;
    for await (const _ of ctx.history(task.key)) past++;
    for (let pause = 0; pause <= task.pauses; pause++) {
      await this.steps.wait(`${lane.name}.handler${task.number}`, 'goes on');
      if (lane.dead) return never();
    }
    if (ctx.attempt <= task.kills) {
      lane.die(`poison ${task.number}`);
      return never();
    }
    finish(task, counted, ctx, past);
  }
}

/** @param past events of its aggregate that the handler has read, for the log to tell. */
function finish(task: Task, counted: Counted, ctx: HandlerContext, past = 0): void {
  // Not the position: of another telling it would be another one.
  const done = count(counted, task.number);
  order(task, ctx);
  if (ctx.attempt <= task.kills + task.throws) throw new Error(`try ${ctx.attempt} of ${task.number}`);
  for (const key of task.emits)
    ctx.emit(Parking({ ...task, key, number: task.number + 1, emits: [], timers: [], throws: 0, kills: 0 }));
  ctx.emit(Done({ key: task.key, number: task.number, attempt: past, count: done }));
}

function never(): Promise<never> {
  return new Promise(() => {});
}
