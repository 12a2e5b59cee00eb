import { z } from 'zod';
import type { DataOf, NewEvent } from '../../faces/define.js';
import { InputError } from '../../faces/errors.js';
import { openStoreReader, type StoreReader } from '../../faces/store.js';
import { BacktestComparisonCompleted } from '../../trading/index.js';
import { curveEvery, packedEquity, packedTimes, pointsOf } from '../runs/curve.js';
import { unpackColumn } from '../runs/packed-column.js';
import { equityStatistics } from '../statistics.js';
import type { SweepRow } from '../sweep/options.js';
import type { WalkForward, WalkForwardWindow } from '../sweep/walk-forward-types.js';

/** A walk-forward as its log tells it; the trades are those of the backtests that it names. */
export type StoredWalkForward = Omit<WalkForward, 'trades'>;

const PREFIX = 'walk-forward@';
const packed = z.object({ unit: z.number(), order: z.number(), length: z.number(), data: z.string() });
const known = z.number().nullable();

/** What the comparison of a window says besides its own fields. */
const Window = z.object({
  train_start: z.number(),
  train_end: z.number(),
  test_start: z.number(),
  test_end: z.number(),
  initial_capital: z.number(),
  parameters: z.record(z.string(), z.unknown()),
  in_sample: z.record(z.string(), z.unknown()),
  out_of_sample: z.object({
    total_return: z.number(),
    sharpe_ratio: known,
    max_drawdown: z.number(),
    total_trades: z.number(),
  }),
  /** SHA-256 of all candles. */
  data_hash: z.string(),
  /** The backtest of the second part; its events are in the log. */
  backtest_id: z.string(),
  curve_times: packed,
  equity_curve: packed,
});

/** What the last comparison says, of all windows. */
const Whole = z.object({
  statistics: z.record(z.string(), z.unknown()),
  efficiency: known,
  interrupted: z.boolean(),
  ended_by: z.string().nullable(),
  fingerprint: z.string(),
});

/** What a window's comparison is made of. */
export interface WalkedWindow {
  readonly window: WalkForwardWindow;
  readonly best: readonly SweepRow[];
  readonly backtestId: string;
  readonly initialCapital: number;
  readonly dataHash: string;
  readonly time: Float64Array;
  readonly equity: Float64Array;
}

/** The comparison by which the parameters of a window were chosen, and what became of the choice. */
export function windowEvent(walkId: string, number: number, walked: WalkedWindow): NewEvent {
  const { window, best, backtestId, initialCapital, dataHash, time, equity } = walked;
  const { totalReturn, sharpe, maxDrawdown, trades } = window.outOfSample;
  const metrics: z.input<typeof Window> = {
    train_start: window.trainStart,
    train_end: window.trainEnd,
    test_start: window.testStart,
    test_end: window.testEnd,
    initial_capital: initialCapital,
    parameters: window.parameters,
    in_sample: { ...window.inSample },
    out_of_sample: {
      total_return: totalReturn,
      sharpe_ratio: sharpe,
      max_drawdown: maxDrawdown,
      total_trades: trades,
    },
    data_hash: dataHash,
    backtest_id: backtestId,
    curve_times: packedTimes(pointsOf(time, curveEvery(time.length))),
    equity_curve: packedEquity(equity, initialCapital),
  };
  const strategies = best.map((row) => strategyOf(row.backtestId));
  return BacktestComparisonCompleted(
    {
      comparison_id: `${PREFIX}${walkId}/window-${number}`,
      backtest_ids: best.map((row) => row.backtestId),
      strategy_ids: strategies,
      comparison_metrics: metrics,
      best_performing_strategy: strategies[0] ?? '',
      comparison_summary: `${strategies[0]} was the best of the first part; it made ${(totalReturn * 100).toFixed(1)} % of the second.`,
    },
    { occurredAt: window.testEnd },
  );
}

/** What came of all windows together. */
export function walkEvent(walkId: string, result: WalkForward, backtestIds: readonly string[]): NewEvent {
  const { statistics, efficiency, interrupted, endedBy, fingerprint, windows } = result;
  const metrics: z.input<typeof Whole> = {
    statistics: { ...statistics, nulls: { ...statistics.nulls } },
    efficiency,
    interrupted,
    ended_by: endedBy,
    fingerprint,
  };
  return BacktestComparisonCompleted(
    {
      comparison_id: `${PREFIX}${walkId}`,
      backtest_ids: [...backtestIds],
      strategy_ids: backtestIds.map(strategyOf),
      comparison_metrics: metrics,
      best_performing_strategy: strategyOf(backtestIds[0] ?? ''),
      comparison_summary: `${windows.length} windows made ${(statistics.totalReturn * 100).toFixed(1)} % out of the sample.`,
    },
    { occurredAt: windows.at(-1)?.testEnd ?? 0 },
  );
}

function strategyOf(backtestId: string): string {
  return backtestId.slice(0, Math.max(0, backtestId.lastIndexOf('@')));
}

/**
 * The walk-forward in a store, for `writeReport`: windows, the curve of all second parts at 1,025 candles of each or fewer,
 * and the statistics, which are of all candles.
 *
 * @throws InputError when the store has none. What `openStoreReader` throws.
 */
export function readWalkForward(store: string): StoredWalkForward {
  using reader = openStoreReader(store);
  const found = reader.atOnce(() => storedWalk(reader));
  if (found === undefined) throw new InputError(`The store '${store}' has no walk-forward.`);
  return found;
}

/** As `readWalkForward`, from a store that is open; undefined when it has none. */
export function storedWalk(reader: StoreReader): StoredWalkForward | undefined {
  const { type } = BacktestComparisonCompleted;
  if (!reader.summary().types.some((one) => one.type === type)) return undefined;
  const windows: z.output<typeof Window>[] = [];
  let whole: z.output<typeof Whole> | undefined;
  for (const event of reader.read({ types: [type] })) {
    const data = event.data as DataOf<typeof BacktestComparisonCompleted>;
    if (!data.comparison_id.startsWith(PREFIX)) continue;
    if (data.comparison_id.includes('/window-')) {
      windows.push(parsed(Window, data.comparison_metrics, data.comparison_id));
    } else whole = parsed(Whole, data.comparison_metrics, data.comparison_id);
  }
  return windows.length === 0 ? undefined : assembled(windows, whole);
}

function parsed<Schema extends z.ZodType>(schema: Schema, metrics: unknown, id: string): z.output<Schema> {
  const { success, data, error } = schema.safeParse(metrics);
  if (success) return data;
  throw new InputError(`Comparison '${id}' is not as walkForward writes it: ${error.issues[0]?.message}.`);
}

function assembled(
  windows: readonly z.output<typeof Window>[],
  whole: z.output<typeof Whole> | undefined,
): StoredWalkForward {
  const time = Float64Array.from(windows.flatMap((window) => [...unpackColumn(window.curve_times)]));
  const equity = Float64Array.from(windows.flatMap((window) => [...unpackColumn(window.equity_curve)]));
  const initial = windows[0]?.initial_capital ?? 1;
  return {
    windows: windows.map(windowOf),
    equity: { time, equity },
    statistics: {
      ...equityStatistics(time, equity, initial),
      ...(whole?.statistics as Partial<WalkForward['statistics']> | undefined),
    },
    efficiency: whole?.efficiency ?? null,
    interrupted: whole?.interrupted ?? false,
    endedBy: whole === undefined ? 'The process that ran it was ended before it was over.' : whole.ended_by,
    dataHash: windows[0]?.data_hash ?? '',
    fingerprint: whole?.fingerprint ?? 'none: it did not come to its end',
  };
}

function windowOf(stored: z.output<typeof Window>): WalkForwardWindow {
  const { total_return, sharpe_ratio, max_drawdown, total_trades } = stored.out_of_sample;
  return {
    trainStart: stored.train_start,
    trainEnd: stored.train_end,
    testStart: stored.test_start,
    testEnd: stored.test_end,
    parameters: stored.parameters,
    inSample: stored.in_sample as unknown as SweepRow,
    outOfSample: {
      totalReturn: total_return,
      sharpe: sharpe_ratio,
      maxDrawdown: max_drawdown,
      trades: total_trades,
    },
  };
}
