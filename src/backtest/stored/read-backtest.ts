import { optionNames, takeOptions } from '../../events/known-options.js';
import { InputError } from '../../faces/errors.js';
import { openStoreReader, type StoreReader } from '../../faces/store.js';
import type { Candles } from '../candles/candles.js';
import type { Markets } from '../candles/markets.js';
import { checkCandlesIfAny, checkTextsIfAny } from '../given.js';
import type { RunFigures } from '../report/run-figures.js';
import { pointBenchmark } from '../runs/buy-and-hold.js';
import { unpackColumn } from '../runs/packed-column.js';
import type { BacktestResult, EquityCurve, RecordingLevel } from '../runs/result.js';
import { equityStatistics, type NullableStatistic, type NullReason, type Statistics } from '../statistics.js';
import { tradeStatistics } from '../trade-statistics.js';
import { exactCurve, type Replayed, replay } from './replay.js';
import { filledOrders, placedOrders } from './stored-orders.js';
import { type StoredIdentity, type StoredRun, storedRun } from './stored-run.js';
import { writtenCuts, writtenFigures } from './written-figures.js';

/** A backtest as its log tells it, without running anything. */
export interface StoredBacktest extends Omit<BacktestResult, 'identity' | 'fingerprint' | 'finer'> {
  readonly identity: StoredIdentity;
  /** How it was told. */
  readonly stored: {
    readonly store: string;
    readonly level: RecordingLevel;
    /** The curve has every so manyth candle; 1 for all of them. */
    readonly every: number;
    /** Whether the curve was computed anew from candles and fills, to the last bit; else it is the log's, which is rounded. */
    readonly exact: boolean;
    /**
     * The figures of its report, of all candles, as `storeBacktest` and `walkForward` write them down; null for a run of a sweep. Those
     * that `fullStatistics` computes are of the candles of the curve.
     */
    readonly figures: RunFigures | null;
  };
}

/** Which backtest of a store is read, and with what beside the log. */
export interface StoredBacktestOptions {
  /** Which of them, where the store has more than one. */
  readonly backtestId?: string;
  /** Candles of the run: with them the curve is computed for each of them, and not taken from the log. */
  readonly candles?: Candles;
}

const OPTIONS = optionNames<StoredBacktestOptions>('readBacktest', { backtestId: true, candles: true });

/**
 * What a store says of one backtest: trades, fills and positions, the curve at 1,025 candles or fewer, the statistics that
 * were stored, and of the level `full` each order. What the strategy recorded and logged is not in a log.
 *
 * Of a run of a sweep below `full` it is not known how the rest of an order ended that was filled in part: it is
 * `partially_filled`, and its `reason` says so. `storeBacktest` and `walkForward` write it down.
 *
 * @throws InputError when there is no such backtest, it is not over, it failed, it was of the level `summary`, or the candles are
 * others. What `openStoreReader` throws.
 */
export function readBacktest(store: string, given: StoredBacktestOptions = {}): StoredBacktest {
  const { backtestId, candles } = takeOptions(given, OPTIONS);
  checkTextsIfAny('readBacktest', { backtestId });
  checkCandlesIfAny('readBacktest', candles);
  using reader = openStoreReader(store);
  return reader.atOnce(() => storedBacktest(reader, backtestId ?? onlyBacktest(reader), candles));
}

/** As `readBacktest`, from a store that is open. */
export function storedBacktest(
  reader: StoreReader,
  backtestId: string,
  given: Candles | Markets | undefined,
): StoredBacktest {
  const run = storedRun(reader, backtestId);
  if (given !== undefined && given.hash() !== run.identity.dataHash) {
    throw new InputError(`Backtest '${backtestId}' is about other candles than those that were passed.`);
  }
  // Those of a run of one market, as it is.
  const candles = given as Candles | undefined;
  const { curve, replayed, every } = curveOf(run, candles);
  const { settings, executed, completed, level } = run;
  const { time } = curve;
  const benchmark = pointBenchmark(marketOf(run, candles), settings);
  return {
    identity: run.identity,
    parameters: run.parameters,
    settings,
    trades: replayed.trades,
    orders:
      level === 'full'
        ? placedOrders(reader, backtestId, time)
        : filledOrders(executed, time, writtenCuts(completed)),
    fills: replayed.fills,
    equity: curve,
    plots: [],
    logs: [],
    benchmark,
    statistics: statisticsOf(run, curve),
    tradeStatistics: tradeStatistics(replayed.trades),
    finalCapital: completed.final_capital,
    commission: metric(run, 'total_commission') ?? 0,
    funding: metric(run, 'total_funding'),
    turnover: metric(run, 'turnover') ?? 0,
    exposure: metric(run, 'exposure_time') ?? 0,
    stored: {
      store: reader.path,
      level,
      every,
      exact: candles !== undefined,
      figures: writtenFigures(completed) ?? null,
    },
  };
}

/** The one backtest of a store. @throws InputError when it has none, or several. */
export function onlyBacktest(reader: StoreReader): string {
  let only: string | undefined;
  const known = reader.summary().types.some(({ type }) => type === 'backtest.started');
  for (const { aggregateId } of known ? reader.read({ types: ['backtest.started'] }) : []) {
    if (only !== undefined && only !== aggregateId) {
      throw new InputError(
        `The store '${reader.path}' has more than one backtest. Say which: backtestId, or --run ID.`,
      );
    }
    only = aggregateId;
  }
  if (only === undefined) throw new InputError(`The store '${reader.path}' has no backtest.`);
  return only;
}

function curveOf(run: StoredRun, candles: Candles | undefined) {
  const { loaded, completed, executed, settings, identity } = run;
  if (loaded?.curve_times === undefined || completed.equity_curve === undefined) {
    throw new InputError(
      `Backtest '${identity.backtestId}' was written at the level '${run.level}'${run.level === 'summary' ? '' : ', by a version that wrote none'}: its log has no curve. Run it again at the level 'trades'.`,
    );
  }
  if (candles !== undefined) {
    const replayed = replay(executed, settings, candles);
    return { curve: exactCurve(replayed, candles.time, candles.close), replayed, every: 1 };
  }
  const time = unpackColumn(loaded.curve_times);
  const replayed: Replayed = replay(executed, settings, { time });
  const equity = unpackColumn(completed.equity_curve);
  if (equity.length !== time.length) {
    throw new InputError(`Backtest '${identity.backtestId}' has a curve that does not fit its times.`);
  }
  return { curve: { time, equity, position: replayed.position }, replayed, every: loaded.curve_every ?? 1 };
}

function marketOf({ loaded }: StoredRun, candles: Candles | undefined) {
  if (candles !== undefined)
    return { time: candles.time, close: candles.close, firstOpen: candles.open[0] as number };
  const { curve_times, curve_closes, first_open } = loaded as NonNullable<StoredRun['loaded']>;
  const time = unpackColumn(curve_times as NonNullable<typeof curve_times>);
  const close = curve_closes === undefined ? time.map(() => 1) : unpackColumn(curve_closes);
  return { time, close, firstOpen: first_open ?? (close[0] as number) };
}

/** Those of the stored curve, with what was computed over all candles in their place. */
function statisticsOf(run: StoredRun, { time, equity }: EquityCurve): Statistics {
  const { completed, settings } = run;
  const own = equityStatistics(time, equity, settings.initialCapital);
  const nulls: Partial<Record<NullableStatistic, NullReason>> = {};
  const known = (name: NullableStatistic, value: number | null | undefined) => {
    if (value === null) nulls[name] = own.nulls[name] ?? 'not-finite';
    return value ?? null;
  };
  return {
    totalReturn: completed.total_return,
    annualReturn: known('annualReturn', completed.annual_return),
    annualVolatility: known('annualVolatility', metric(run, 'annual_volatility')),
    sharpe: known('sharpe', completed.sharpe_ratio),
    sortino: known('sortino', metric(run, 'sortino_ratio')),
    calmar: known('calmar', metric(run, 'calmar_ratio')),
    maxDrawdown: completed.max_drawdown,
    maxDrawdownDays: metric(run, 'max_drawdown_days') ?? own.maxDrawdownDays,
    peakCapital: metric(run, 'peak_capital') ?? own.peakCapital,
    finalCapital: completed.final_capital,
    periodsPerYear: known('periodsPerYear', metric(run, 'periods_per_year')),
    nulls,
  };
}

function metric({ completed }: StoredRun, name: string): number | null {
  const value = completed.performance_metrics?.[name];
  return typeof value === 'number' ? value : null;
}
