import { createHash } from 'node:crypto';
import { z } from 'zod';
import { InputError } from '../faces/errors.js';
import type { DataOf, NewEvent } from '../index.js';
import { BacktestStarted } from '../trading/index.js';
import type { Candles } from './candles.js';
import { DEFAULT_GRID, type Grid, parameterSets } from './grid.js';
import { BACKTEST_VERSION, type BacktestRun, checkRun } from './run.js';
import { type RsiParameters, strategyId } from './strategy.js';
import { timeframeOf } from './timeframe.js';

/** What decides the result of a sweep. */
export interface SweepInput {
  readonly candles: Candles;
  /** Default {@link DEFAULT_GRID}. */
  readonly grid?: Grid;
  /** Name of what the candles are of. Default `candles`. */
  readonly symbol?: string;
  /** Cash at the start of each backtest. Default 10,000. */
  readonly initialCapital?: number;
  /** Fraction of the value of each trade. Default 0.001, thus 0.1 %. */
  readonly commission?: number;
}

/** `backtest_settings` of a sweep's `backtest.started`. */
const Settings = z.strictObject({
  length: z.number(),
  entry: z.number(),
  exit: z.number(),
  stop: z.number(),
  commission: z.number(),
  /** SHA-256 of the candles. */
  data_hash: z.string(),
  /** SHA-256 of all that decides the sweep's result. */
  sweep_id: z.string(),
});

/** One backtest of a sweep, before it is run. */
export interface PlannedRun {
  readonly backtestId: string;
  readonly parameters: RsiParameters;
  /** The `backtest.started` to publish. */
  readonly event: NewEvent;
}

/** A checked sweep: equal input gives an equal plan. */
export interface SweepPlan {
  readonly sweepId: string;
  readonly dataHash: string;
  readonly initialCapital: number;
  readonly commission: number;
  /** In canonical order. */
  readonly runs: readonly PlannedRun[];
}

/** @throws InvalidOptionError when grid, capital or commission is out of its range. */
export function planSweep(input: SweepInput): SweepPlan {
  const { candles, grid = DEFAULT_GRID, symbol = 'candles' } = input;
  const { initialCapital = 10_000, commission = 0.001 } = input;
  checkRun({ initialCapital, commission });
  const sets = parameterSets(grid);
  const dataHash = candles.hash();
  const identity = { version: BACKTEST_VERSION, dataHash, symbol, initialCapital, commission, sets };
  const sweepId = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  const common = {
    symbol,
    start_date: candles.start,
    end_date: candles.end,
    initial_capital: initialCapital,
    timeframe: timeframeOf(candles),
    started_by: 'sweep',
  };
  const runs = sets.map((parameters): PlannedRun => {
    const strategy_id = strategyId(parameters);
    const backtestId = `${strategy_id}@${sweepId.slice(0, 8)}`;
    const backtest_settings = { ...parameters, commission, data_hash: dataHash, sweep_id: sweepId };
    const data = { backtest_id: backtestId, strategy_id, ...common, backtest_settings };
    return { backtestId, parameters, event: BacktestStarted(data, { occurredAt: candles.start }) };
  });
  return { sweepId, dataHash, initialCapital, commission, runs };
}

/**
 * The run that a `backtest.started` asks for.
 *
 * @throws InputError when a sweep did not write it, or when it is about other candles than `dataHash`.
 */
export function runOf(data: DataOf<typeof BacktestStarted>, dataHash: unknown): BacktestRun {
  const parsed = Settings.safeParse(data.backtest_settings);
  if (!parsed.success) {
    throw new InputError(
      `Backtest '${data.backtest_id}' has no settings of a sweep. Publish it with runSweep.`,
    );
  }
  const { length, entry, exit, stop, commission, data_hash } = parsed.data;
  if (data_hash !== dataHash) {
    throw new InputError(
      `Backtest '${data.backtest_id}' is about other candles (${data_hash.slice(0, 8)}) than those in memory.`,
    );
  }
  return {
    backtest_id: data.backtest_id,
    strategy_id: data.strategy_id,
    symbol: data.symbol,
    parameters: { length, entry, exit, stop },
    initialCapital: data.initial_capital,
    commission,
  };
}

/** The sweep that a `backtest.started` belongs to, or undefined when it is of none. */
export function sweepIdOf(data: DataOf<typeof BacktestStarted>): string | undefined {
  return Settings.safeParse(data.backtest_settings).data?.sweep_id;
}
