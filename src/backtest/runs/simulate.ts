import { InvalidOptionError, MillraceError } from '../../faces/errors.js';
import { messageOf } from '../../kernel/thrown.js';
import { Broker } from '../broker/broker.js';
import type { Order } from '../broker/order.js';
import { RunBudgetError, StrategyMistakeError } from '../broker/strategy-mistake.js';
import type { Candles } from '../candles/candles.js';
import { columnOf } from '../indicators/cache.js';
import { indicators as builder } from '../indicators/indicator.js';
import { type Cursor, IndicatorView } from '../strategies/candle-view.js';
import { guarded, unguarded } from '../strategies/guard.js';
import { loadedEvent } from './curve.js';
import { RunEvents, type RunRows } from './events.js';
import { BUDGET_CHECK_CANDLES } from './limits.js';
import type { Emit } from './order-events.js';
import type { OneMarket, RunPlan } from './plan.js';
import { seededNumbers } from './random.js';
import { Records } from './records.js';
import type { FillRow, RecordingLevel } from './result.js';
import { RunContext } from './run-context.js';

/** How a run is to be written down. */
export interface RunSink {
  readonly level: RecordingLevel;
  readonly emit?: Emit | undefined;
  /** Whether orders, fills, plots and lines are wanted in memory. */
  readonly keep: boolean;
  /** Wall-clock milliseconds that the run may take. */
  readonly budgetMs?: number | undefined;
}

/** A run that is over. */
export interface Simulated {
  /** Of each market; they have one account. */
  readonly brokers: readonly [Broker, ...Broker[]];
  readonly rows: RunRows;
  readonly records: Records;
  /** Account value at each close. Of a run of which nothing is kept it is overwritten by the next one. */
  readonly equity: Float64Array;
  readonly position: Float64Array | undefined;
  /** The same of each of several markets. */
  readonly positions?: Readonly<Record<string, Float64Array>> | undefined;
  /** Index of a time on the clock of several markets. */
  readonly indexAt?: (time: number) => number;
  readonly candlesHeld: number;
  /** Keys of the indicators. */
  readonly indicators: readonly string[];
}

/** Taken before any strategy can have replaced it. */
export const clock = performance.now.bind(performance);

/** Equity curves of runs of which only events are wanted: one for all, since 8 MB a run would be most of its time. */
let scratch = new Float64Array(0);

export function curveOf(length: number, keep: boolean): Float64Array {
  if (keep) return new Float64Array(length);
  if (scratch.length !== length) scratch = new Float64Array(length);
  return scratch;
}

/**
 * Walks the candles once, from old to new: broker, strategy, broker. Synchronous; equal plans give equal events.
 *
 * @throws StrategyMistakeError (or a kind of it) when the strategy threw; `details` has `strategy`, `candle` and `time`.
 */
export function simulate(plan: RunPlan<OneMarket>, sink: RunSink): Simulated {
  const { market, strategy, settings } = plan;
  const { candles } = market;
  checkVolume(candles, settings.volumeShare);
  const cursor: Cursor = { index: -1 };
  const ids = { backtest_id: plan.backtestId, strategy_id: plan.strategyId, symbol: market.symbol };
  const emit = sink.emit && outsideOf(sink.emit);
  const estimate = (order: Order): number => broker.estimate(order, candles.close[cursor.index] as number);
  const { maintenanceMargin } = settings;
  const events = new RunEvents(ids, sink.level, emit, sink.keep, estimate, maintenanceMargin);
  const broker = new Broker(settings, candles, events, market.finer);
  const records = new Records(candles.length, sink.keep);
  const equity = curveOf(candles.length, sink.keep);
  const position = sink.keep ? new Float64Array(candles.length) : undefined;
  return guarded(() => {
    const began = clock();
    const prepared = prepare(plan, candles);
    if (emit && sink.level !== 'summary') {
      call(plan, cursor, () => emit(loadedEvent(plan, market, prepared.keys, clock() - began)));
    }
    const views = viewsOf(prepared.columns, cursor);
    const state = call(plan, cursor, () => strategy.definition.state?.(plan.parameters as never) ?? {});
    const context = new RunContext({
      candles,
      cursor,
      broker,
      records,
      symbol: market.symbol,
      parameters: plan.parameters,
      indicators: views,
      state,
      random: lazily(() => seededNumbers(JSON.stringify([plan.seed, plan.strategyId, market.symbol]))),
      signal: (type, details, time, price) => events.signal(type, details, time, price),
      warmUp: prepared.warmUp,
    });
    const candlesHeld = walk(
      plan,
      { broker, cursor, context, equity, position, budgetMs: sink.budgetMs },
      Math.max(prepared.warmUp, plan.tradeFrom),
    );
    return {
      brokers: [broker],
      rows: events.rows,
      records,
      equity,
      position,
      candlesHeld,
      indicators: prepared.keys,
    };
  });
}

interface Walk {
  readonly broker: Broker;
  readonly cursor: Cursor;
  readonly context: RunContext;
  readonly equity: Float64Array;
  readonly position: Float64Array | undefined;
  readonly budgetMs: number | undefined;
}

/** @returns the candles on whose close a position was held. */
function walk(plan: RunPlan<OneMarket>, parts: Walk, warmUp: number): number {
  const { broker, cursor, context, equity, position } = parts;
  const { account, book } = broker;
  const { close, length } = plan.market.candles;
  const { onBar, onFill, onEnd } = plan.strategy.definition;
  const strategyContext = context as never;
  if (onFill) {
    broker.listen((fill: FillRow) =>
      context.during(fill.price, fill.time, () => refusePromise(onFill(strategyContext, fill))),
    );
  }
  const ends = parts.budgetMs === undefined ? Number.POSITIVE_INFINITY : clock() + parts.budgetMs;
  let held = 0;
  return call(plan, cursor, () => {
    for (let index = 0; index < length; index++) {
      if (book.open.length !== 0 || account.quantity !== 0) broker.beforeClose(index);
      cursor.index = index;
      if (index >= warmUp) refusePromise(onBar(strategyContext));
      if (book.open.length !== 0) broker.afterClose(index);
      if (account.quantity !== 0) held++;
      equity[index] = account.equity(close[index] as number);
      if (position) position[index] = account.quantity;
      if (index % BUDGET_CHECK_CANDLES === 0 && clock() > ends)
        throw overBudget(parts.budgetMs as number, index);
    }
    const last = length - 1;
    broker.finish(last);
    equity[last] = account.equity(close[last] as number);
    if (position) position[last] = account.quantity;
    if (onEnd) refusePromise(onEnd(strategyContext));
    return held;
  });
}

/** @throws InvalidOptionError when a part of no volume is asked for. */
export function checkVolume({ volume }: Candles, volumeShare: number): void {
  if (!(volumeShare > 0 && volume.every((one) => one === 0))) return;
  throw new InvalidOptionError("The candles have no volume, so 'volumeShare' has nothing to be a part of.");
}

export function viewsOf(
  columns: Readonly<Record<string, Float64Array>>,
  cursor: Cursor,
): Readonly<Record<string, IndicatorView>> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, new IndicatorView(column, cursor)]),
  );
}

/** The indicators of a market, and the candles of it before the strategy is asked. */
export function prepare(plan: RunPlan, candles: Candles) {
  const { strategy, parameters } = plan;
  const { indicators, warmUp } = strategy.definition;
  return call(plan, { index: -1 }, () => {
    const set = indicators?.(parameters as never, builder) ?? {};
    const columns = Object.fromEntries(
      Object.entries(set).map(([name, indicator]) => [name, columnOf(candles, indicator)]),
    );
    const longest = Math.max(0, ...Object.values(set).map((indicator) => indicator.warmUp));
    const asked = typeof warmUp === 'function' ? warmUp(parameters as never) : warmUp;
    if (asked !== undefined && !(Number.isInteger(asked) && asked >= 0)) {
      throw new StrategyMistakeError(`'warmUp' is ${asked}; it must be a whole number of candles from 0.`);
    }
    const keys = Object.values(set).map(({ key }) => key);
    return { columns, keys, warmUp: asked ?? longest };
  });
}

/** What a strategy throws becomes an error with a code, which says where it was. */
export function call<Result>(plan: RunPlan, cursor: Cursor, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw strategyError(error, plan, cursor.index);
  }
}

/** What takes the events is not the strategy: its clocks are its own, and so are its errors. */
export function outsideOf(emit: Emit): Emit {
  return (event) => {
    try {
      unguarded(() => emit(event));
    } catch (error) {
      throw new EmitFailure(error);
    }
  };
}

/** Carries what the taker of the events threw past the strategy's own errors. */
class EmitFailure {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    this.thrown = thrown;
  }
}

function strategyError(error: unknown, plan: RunPlan, index: number): unknown {
  if (error instanceof EmitFailure) return error.thrown;
  if (error instanceof StrategyMistakeError && 'strategy' in error.details) return error;
  const { candles } = plan.market;
  const time = index < 0 ? null : (candles.time[index] as number);
  const where =
    time === null ? 'before the first candle' : `on candle ${index} (${new Date(time).toISOString()})`;
  const details = { strategy: plan.strategy.name, candle: index, time };
  const message = `Strategy '${plan.strategy.name}' failed ${where}: ${messageOf(error)}`;
  if (error instanceof StrategyMistakeError) {
    const Kind = error.constructor as typeof StrategyMistakeError;
    return new Kind(message, { cause: error, details: { ...error.details, ...details } });
  }
  if (error instanceof InvalidOptionError || !(error instanceof MillraceError)) {
    return new StrategyMistakeError(message, { cause: error, details });
  }
  return error;
}

export function refusePromise(returned: unknown): void {
  if (returned === undefined) return;
  if (typeof (returned as PromiseLike<unknown>)?.then === 'function') {
    throw new StrategyMistakeError(
      'onBar, onFill and onEnd must not be async: a run walks its candles without a pause. Load data before the run.',
    );
  }
}

export function overBudget(budgetMs: number, index: number): RunBudgetError {
  return new RunBudgetError(
    `The run took longer than its budget of ${budgetMs} ms; it came to candle ${index}.`,
    {
      details: { budgetMs },
    },
  );
}

export function lazily(make: () => () => number): () => number {
  let made: (() => number) | undefined;
  return () => {
    made ??= make();
    return made();
  };
}
