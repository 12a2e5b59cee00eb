import { optionNames, takeOptions } from '../../events/known-options.js';
import type { DataOf } from '../../faces/define.js';
import { InputError } from '../../faces/errors.js';
import { openStoreReader, type StoreReader } from '../../faces/store.js';
import {
  BacktestCompleted,
  BacktestDataLoaded,
  BacktestFailed,
  BacktestStarted,
} from '../../trading/index.js';
import type { Candles } from '../candles/candles.js';
import type { CandlesByMarket, Markets } from '../candles/markets.js';
import { REPORT_MAX_RUNS } from '../report/limits.js';
import type { SweepReport } from '../report/sweep-input.js';
import { buyAndHold, pointBenchmark } from '../runs/buy-and-hold.js';
import { asGiven, takeCandlesIfAny } from '../runs/given-markets.js';
import { unpackColumn } from '../runs/packed-column.js';
import type { RunSettings } from '../runs/result.js';
import { CurveSet } from '../sweep/curve-set.js';
import type { SweepRow } from '../sweep/options.js';
import { better, rowOf } from '../sweep/results.js';
import { storedSettings } from '../sweep/settings.js';

/** What is known of a sweep beside its log. */
interface SweepReportOptions {
  readonly candles?: Candles | CandlesByMarket;
}

const OPTIONS = optionNames<SweepReportOptions>('readSweepReport', { candles: true });

/**
 * What the report of a sweep is made from, out of its store alone: `writeReport(path, readSweepReport(store))`. Of more
 * than 100,000 runs the best by total return.
 *
 * @param given `candles`: those of the sweep. At the level `summary` the log has no market, and the report no benchmark without; nor has that of several markets.
 * @throws InputError when the store has no completed backtest, or the candles are others. What `openStoreReader` throws.
 */
export function readSweepReport(store: string, given: SweepReportOptions = {}): SweepReport {
  const candles = takeCandlesIfAny('readSweepReport', takeOptions(given, OPTIONS).candles);
  using reader = openStoreReader(store);
  return reader.atOnce(() => storedSweep(reader, candles));
}

type Started = DataOf<typeof BacktestStarted>;

/** What is gathered of the log in one pass. */
class Survey {
  readonly parameters = new Map<string, SweepRow['parameters']>();
  readonly curves = new CurveSet();
  rows: SweepRow[] = [];
  first: Started | undefined;
  loaded: DataOf<typeof BacktestDataLoaded> | undefined;
  completed: DataOf<typeof BacktestCompleted> | undefined;
  started = 0;
  finished = 0;
  failed = 0;

  add(type: string, data: unknown): void {
    switch (type) {
      case BacktestStarted.type: {
        const started = data as Started;
        this.first ??= started;
        this.started++;
        this.parameters.set(started.backtest_id, storedSettings(started)?.parameters ?? {});
        return;
      }
      case BacktestDataLoaded.type:
        this.loaded ??= data as DataOf<typeof BacktestDataLoaded>;
        return;
      case BacktestFailed.type:
        this.failed++;
        return;
      case BacktestCompleted.type:
        this.#completed(data as DataOf<typeof BacktestCompleted>);
    }
  }

  #completed(data: DataOf<typeof BacktestCompleted>): void {
    this.completed ??= data;
    this.finished++;
    this.rows.push(rowOf(data, this.parameters.get(data.backtest_id) ?? {}));
    this.parameters.delete(data.backtest_id);
    this.curves.add(data.backtest_id, data.equity_curve);
    if (this.rows.length >= 2 * REPORT_MAX_RUNS) this.keepBest();
  }

  keepBest(): void {
    this.rows = this.rows.sort(better('totalReturn')).slice(0, REPORT_MAX_RUNS);
  }
}

const TYPES = [BacktestStarted, BacktestDataLoaded, BacktestCompleted, BacktestFailed];

/** As `readSweepReport`, from a store that is open. */
export function storedSweep(reader: StoreReader, candles: Candles | Markets | undefined): SweepReport {
  const survey = new Survey();
  const known = reader.summary().types;
  const types = TYPES.filter(({ type }) => known.some((one) => one.type === type));
  for (const { type, data } of types.length === 0 ? [] : reader.read({ types })) survey.add(type, data);
  survey.keepBest();
  const { first, completed, rows } = survey;
  if (first === undefined || completed === undefined) {
    throw new InputError(`The store '${reader.path}' has no completed backtest to report on.`);
  }
  const settings = storedSettings(first);
  if (candles !== undefined && settings !== undefined && candles.hash() !== settings.data_hash) {
    throw new InputError(`The store '${reader.path}' is about other candles than those that were passed.`);
  }
  const metrics = completed.performance_metrics ?? {};
  return {
    title: `Sweep of ${settings?.strategy ?? first.strategy_id} on ${first.symbol}`,
    rows,
    benchmark: benchmarkOf(survey, settings, candles),
    ...(typeof metrics.candles === 'number' && { bars: metrics.candles }),
    ...(typeof metrics.periods_per_year === 'number' && { barsPerYear: metrics.periods_per_year }),
    overfitting: survey.curves.overfitting(),
    ...(settings && { dataHash: settings.data_hash }),
    facts: factsOf(reader, survey, settings),
  };
}

function benchmarkOf(
  { loaded }: Survey,
  settings: ReturnType<typeof storedSettings>,
  candles: Candles | Markets | undefined,
) {
  if (settings === undefined) return {};
  const rules = settings.rules as unknown as RunSettings;
  if (candles !== undefined) return buyAndHold(asGiven(candles), rules.initialCapital, rules.commission);
  // The curves of several are of other times each.
  if (settings.markets !== undefined) return {};
  if (loaded?.curve_times === undefined || loaded.curve_closes === undefined) return {};
  const close = unpackColumn(loaded.curve_closes);
  const market = {
    time: unpackColumn(loaded.curve_times),
    close,
    firstOpen: loaded.first_open ?? (close[0] as number),
  };
  const { totalReturn, annualReturn, sharpe, maxDrawdown, finalCapital } = pointBenchmark(
    market,
    rules,
  ).statistics;
  return { totalReturn, annualReturn, sharpe, maxDrawdown, finalCapital };
}

function factsOf(
  reader: StoreReader,
  { started, finished, failed, rows, loaded, first }: Survey,
  settings: ReturnType<typeof storedSettings>,
): Readonly<Record<string, string>> {
  const open = started - finished - failed;
  const runs = [
    String(started),
    failed > 0 ? `${failed} of them failed` : '',
    open > 0 ? `${open} of them not over` : '',
    rows.length < finished ? `the best ${rows.length} are shown` : '',
  ];
  const every = loaded?.curve_every ?? 1;
  return {
    strategy: settings?.strategy ?? String(first?.strategy_id),
    runs: runs.filter((part) => part !== '').join(', '),
    ...(settings && { sweep: settings.sweep_id ?? 'none', level: settings.level, seed: settings.seed }),
    fingerprint: reader.fingerprint(),
    ...(settings && { 'hash of the candles': settings.data_hash }),
    ...(settings?.markets && { markets: settings.markets.map(({ symbol }) => symbol).join(', ') }),
    store: reader.path,
    ...(loaded &&
      every > 1 &&
      settings?.markets === undefined && { benchmark: `from one candle in ${every}, as the log has them` }),
  };
}
