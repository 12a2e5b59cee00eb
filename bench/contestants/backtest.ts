import {
  type Candles,
  equityStatistics,
  type RecordingLevel,
  sweep,
  tradeStatistics,
} from 'millrace/backtest';
import { minutes } from '../support/minutes.js';
import { check, type Sample, Stopwatch } from '../support/sample.js';

export interface BacktestRun {
  readonly how: 'bare' | 'sweep';
  readonly candles: number;
  /** Each with an RSI length of its own, so that none profits from another's column. */
  readonly runs: number;
  readonly level: RecordingLevel;
  readonly threads: number;
}

const ENTRY = 30;
const EXIT = 60;
const STOP = 0.05;
const COMMISSION = 0.0001;
const CAPITAL = 10_000;

/** The RSI strategy over minutes, by hand or by a sweep of one run per RSI length. */
export default async function run(plan: BacktestRun): Promise<Sample> {
  const candles = minutes(plan.candles);
  const lengths = Array.from({ length: plan.runs }, (_, index) => 14 + index);
  const warm = minutes(50_000);
  await walk({ ...plan, runs: 2 }, warm, [5, 6]);
  const watch = new Stopwatch();
  const seconds = await walk(plan, candles, lengths);
  const sample = watch.stop(plan.candles * plan.runs);
  return { ...sample, seconds };
}

async function walk(plan: BacktestRun, candles: Candles, lengths: readonly number[]): Promise<number> {
  if (plan.how === 'bare') {
    const started = performance.now();
    const trades = lengths.reduce((sum, length) => sum + bare(candles, length), 0);
    check('trades of nothing', Number(trades > 0), 1);
    return (performance.now() - started) / 1000;
  }
  const { seconds, results } = await sweep({
    candles,
    strategy: 'rsi',
    grid: { length: lengths, entry: [ENTRY], exit: [EXIT], stop: [STOP] },
    initialCapital: CAPITAL,
    commission: COMMISSION,
    level: plan.level,
    threads: plan.threads,
  });
  const trades = results?.reduce((sum, row) => sum + row.trades, 0);
  check(
    'trades',
    trades ?? 0,
    lengths.reduce((sum, length) => sum + bare(candles, length), 0),
  );
  return seconds;
}

/** The same arithmetic, fills and statistics in one loop: no orders, no events, no strategy. @returns the trades. */
function bare({ open, low, close, time, length: count }: Candles, length: number): number {
  const equity = new Float64Array(count);
  const trips: { profit: number; profitFraction: number; holdingMs: number }[] = [];
  let [gain, loss, before, rsi, previous] = [0, 0, 0, Number.NaN, Number.NaN];
  let [cash, quantity, entry, invested, entryTime] = [CAPITAL, 0, 0, 0, 0];
  let order: 'buy' | 'sell' | undefined;
  const units = 1e8;
  const sell = (price: number, now: number) => {
    const value = Math.round(quantity * price * units) / units;
    cash += value - Math.round(value * COMMISSION * units) / units;
    quantity = 0;
    trips.push({ profit: cash - invested, profitFraction: cash / invested - 1, holdingMs: now - entryTime });
  };
  for (let index = 0; index < count; index++) {
    const now = time[index] as number;
    const opened = open[index] as number;
    const closed = close[index] as number;
    if (order === 'buy') {
      quantity = cash / (opened * (1 + COMMISSION));
      invested = cash;
      cash = 0;
      entry = opened;
      entryTime = now;
    } else if (order === 'sell') sell(opened, now);
    if (quantity > 0) {
      const stop = entry * (1 - STOP);
      if ((low[index] as number) <= stop) sell(Math.min(opened, stop), now);
    }
    const change = index === 0 ? 0 : closed - before;
    before = closed;
    previous = rsi;
    if (index > 0 && index <= length) {
      gain += Math.max(change, 0) / length;
      loss += Math.max(-change, 0) / length;
    } else if (index > length) {
      gain = (gain * (length - 1) + Math.max(change, 0)) / length;
      loss = (loss * (length - 1) + Math.max(-change, 0)) / length;
    }
    if (index >= length) rsi = loss === 0 ? (gain === 0 ? 50 : 100) : 100 - 100 / (1 + gain / loss);
    if (quantity > 0) order = rsi > EXIT ? 'sell' : undefined;
    else order = previous >= ENTRY && rsi < ENTRY ? 'buy' : undefined;
    equity[index] = cash + quantity * closed;
  }
  if (quantity > 0) sell(close[count - 1] as number, time[count - 1] as number);
  equity[count - 1] = cash;
  const { finalCapital } = equityStatistics(time, equity, CAPITAL);
  const { trades } = tradeStatistics(trips);
  check('the final capital', finalCapital, cash);
  return trades;
}
