import { checkOptions } from '../engine/check-options.js';
import { openIn } from '../engine/open.js';
import { optionNames, takeOptions } from '../events/known-options.js';
import { InvalidOptionError, TestAssertionError } from '../faces/errors.js';
import type { Engine, EngineOptions, HandlerModule } from '../index.js';
import { isHandlerModule } from '../lanes/handlers.js';
import { InlineLane } from '../lanes/inline-lane.js';
import { loadHandlers } from '../lanes/load-handlers.js';
import { TEST_CLOSE_MS } from '../limits.js';
import { MemoryStore } from '../store/memory/memory-store.js';
import { EventSpy } from './event-spy.js';
import { HandlerWatch } from './handler-watch.js';
import { setInside } from './inside.js';
import { laggards, laneCounts } from './laggards.js';
import { type RetryMode, RetryTimers } from './retry-timers.js';
import type { Store } from './store.js';
import { TestClock } from './test-clock.js';
import { WatchedStore } from './watched-store.js';
import { withinTime } from './within-time.js';

/** As for `openEngine`, without what has to do with files and threads. */
export interface TestEngineOptions
  extends Omit<EngineOptions, 'store' | 'durability' | 'threads' | 'resourceLimits' | 'handlers'> {
  /** Handler modules: what `defineHandlers` returned, or URLs as for `openEngine`. */
  readonly handlers?: readonly (HandlerModule | URL | string)[];
  /** Where the clock stands at first. Default 2024-01-01T00:00:00Z. */
  readonly now?: number | Date;
  /** What `ctx.random` returns, one after the other; one more is an error. Default: numbers from `seed`. */
  readonly random?: readonly number[];
  /** When a failed event is tried again: without a pause (default), or when the test moves the clock on. */
  readonly retries?: RetryMode;
  /** A store of your own, not opened yet. Default: one in memory, of the run `test`. */
  readonly store?: Store;
}

/** What a handler specification hands on to the test engine. */
export const SPEC_NAMES = {
  events: true,
  aggregates: true,
  concurrency: true,
  handlerTimeoutMs: true,
  until: true,
  dispatch: true,
  validate: true,
  maxInFlight: true,
  maxInFlightBytes: true,
  memoryBytes: true,
  health: true,
  logger: true,
  tracing: true,
  deterministic: 'boolean',
  seed: true,
  run: true,
  shared: true,
  now: true,
  random: true,
} as const;

const TEST_ENGINE = optionNames<TestEngineOptions>('createTestEngine', {
  ...SPEC_NAMES,
  handlers: true,
  retries: true,
  store: true,
});

/** An engine for tests: everything happens on the main thread, in memory, at a time that the test says. */
export interface TestEngine extends Engine {
  /** The time of published events and of `ctx.now()`. It stands still until the test moves it. */
  readonly clock: TestClock;
  /** Has seen every event since the engine was opened. */
  readonly spy: EventSpy;
}

/**
 * Opens an engine in memory, with its handlers on the main thread. Time stands still until `engine.clock` is
 * moved, ids begin with `test`, random numbers depend on the event alone; so two runs of a test are equal.
 * With `deterministic: true` handlers get time and random numbers as in production, from the event.
 *
 * Closing it takes at most four seconds, then the TestTimeoutError names the handler that does not end.
 *
 * @throws as `openEngine`.
 */
export async function createTestEngine(options: TestEngineOptions): Promise<TestEngine> {
  const taken = takeOptions(options, TEST_ENGINE);
  const { handlers = [], now, random, retries = 'at-once', store, ...rest } = taken;
  if (!['at-once', 'on-clock'].includes(retries)) {
    throw new InvalidOptionError(`Option retries is '${retries}'; it must be one of at-once, on-clock.`);
  }
  const checked = checkOptions({ ...(!store && { run: 'test' }), ...rest, threads: 0 });
  const clock = new TestClock(now);
  const timers = new RetryTimers(clock, retries);
  const watched = new WatchedStore(store ?? new MemoryStore(checked.run as string, checked.memoryBytes));
  const world = { clock, seed: checked.seed, random: random && inTurn(random) };
  const watch = new HandlerWatch(checked.deterministic ? undefined : world);
  const modules = async () => (await modulesOf(handlers)).map((module) => watch.watched(module));
  const engine = await openIn(checked, {
    makeStore: () => watched,
    makeLane: () => new InlineLane(checked.concurrency, modules, checked, checked.aggregates),
    time: timers,
    eventTime: () => clock.now(),
  });
  setInside(engine, { clock, watch, timers, store: watched });
  return withTools(engine, clock, timers);
}

/** Loads what is given by URL; everything stays in the order in which it was given. */
async function modulesOf(handlers: readonly (HandlerModule | URL | string)[]): Promise<HandlerModule[]> {
  const loaded = handlers.map(async (given) => {
    if (isHandlerModule(given)) return [given];
    // The engine's own check, for the same message about what is no URL.
    return loadHandlers(checkOptions({ events: [], handlers: [given as URL | string] }).handlers);
  });
  return (await Promise.all(loaded)).flat();
}

/** Gives an engine the tools that a test has beside it. */
function withTools(engine: Engine, clock: TestClock, timers: RetryTimers): TestEngine {
  const close = engine.close.bind(engine);
  let closing: Promise<void> | undefined;
  return Object.assign(engine, {
    clock,
    spy: new EventSpy(engine),
    close: () => {
      // Nobody will move the clock for a retry that still waits, and closing waits for it.
      timers.release();
      const before = laneCounts(engine);
      const instead = () => laggards(engine, before);
      closing ??= withinTime('the engine to close', { timeout: TEST_CLOSE_MS }, close, instead);
      return closing;
    },
    [Symbol.asyncDispose]: async () => {
      // Whoever has closed a failed engine has heard of the failure, and need not hear it again.
      if (engine.stats().state !== 'closed') await engine.close();
    },
    setThreads: async (threads) => {
      throw new InvalidOptionError(
        `setThreads(${threads}): a test engine runs its handlers on the main thread. Open one with openEngine to test threads.`,
      );
    },
  } satisfies Partial<TestEngine>);
}

function inTurn(numbers: readonly number[]): () => number {
  let next = 0;
  return () => {
    const number = numbers[next++];
    if (number !== undefined) return number;
    throw new TestAssertionError(
      `A handler asked for random number ${next}, but 'random' has ${numbers.length}. Give as many as it needs.`,
    );
  };
}
