import type { NewEvent } from '../../faces/define.js';
import { BacktestDataLoaded } from '../../trading/index.js';
import type { Candles } from '../candles/candles.js';
import { CURVE_DIGITS, CURVE_POINTS } from './limits.js';
import { type PackedNumbers, packNumbers } from './packed-column.js';
import type { OneMarket, RunPlan } from './plan.js';

/** Every so manyth candle of a run is in the curves that are stored of it. */
export function curveEvery(length: number): number {
  return Math.max(1, Math.ceil((length - 1) / CURVE_POINTS));
}

/** The values at the first candle, at every so manyth after it, and at the last. */
export function pointsOf(column: Float64Array, every: number): Float64Array {
  if (every === 1) return column;
  const last = column.length - 1;
  const points = new Float64Array(Math.ceil(last / every) + 1);
  for (let at = 0; at < points.length; at++) points[at] = column[Math.min(last, at * every)] as number;
  return points;
}

/** The curve of an account, to a part of its initial capital. */
export function packedEquity(equity: Float64Array, initialCapital: number): PackedNumbers {
  const points = pointsOf(equity, curveEvery(equity.length));
  return packNumbers(points, Math.max(equityUnit(initialCapital), leastUnit(points)), 1);
}

/** Below it the differences would be no whole numbers any more: an account may grow without end. */
function leastUnit(values: Float64Array): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return powerOfTen(Math.ceil(Math.log10(largest)) - 14);
}

/** A power of ten: no more than a part of the capital that nobody sees. */
function equityUnit(capital: number): number {
  return powerOfTen(Math.floor(Math.log10(capital)) - CURVE_DIGITS);
}

/** 10 to a power, exactly what its literal is. */
function powerOfTen(exponent: number): number {
  return Number(`1e${Math.max(-15, exponent)}`);
}

/** What the runs of the same candles have in common; packed once for all that a thread runs. */
interface PackedMarket {
  readonly curve_every: number;
  readonly curve_times: PackedNumbers;
  readonly curve_closes: PackedNumbers;
  readonly first_open: number;
}

const markets = new WeakMap<SharedArrayBuffer, PackedMarket>();

function packedMarket({ buffer, time, close, open, length }: Candles): PackedMarket {
  const known = markets.get(buffer);
  if (known !== undefined) return known;
  const every = curveEvery(length);
  const times = pointsOf(time, every);
  const closes = pointsOf(close, every);
  const made = {
    curve_every: every,
    curve_times: packedTimes(times),
    curve_closes: packNumbers(closes, priceUnit(closes), 1),
    first_open: open[0] as number,
  };
  markets.set(buffer, made);
  return made;
}

export function packedTimes(times: Float64Array): PackedNumbers {
  return packNumbers(times, commonUnit(times), 2);
}

/** The largest number of milliseconds that all times are multiples of. */
function commonUnit(times: Float64Array): number {
  let unit = 0;
  for (const time of times) {
    let rest = Math.abs(time);
    while (rest > 0) [unit, rest] = [rest, unit % rest];
  }
  return unit || 1;
}

/** A part of the largest price that nobody sees; coarser where prices are. */
function priceUnit(prices: Float64Array): number {
  const largest = prices.reduce((most, price) => Math.max(most, Math.abs(price)), 0);
  const finest = Math.ceil(Math.log10(largest || 1)) - CURVE_DIGITS;
  for (let exponent = 0; exponent > finest; exponent--) {
    const scale = 10 ** -exponent;
    if (prices.every((price) => Math.round(price * scale) / scale === price)) return powerOfTen(exponent);
  }
  return powerOfTen(finest);
}

/** The `backtest.data_loaded` of a run, or of one of its markets. */
export function loadedEvent(
  plan: RunPlan,
  { candles, symbol }: OneMarket,
  indicators: readonly string[],
  milliseconds: number,
): NewEvent {
  return BacktestDataLoaded(
    {
      backtest_id: plan.backtestId,
      strategy_id: plan.strategyId,
      symbol,
      data_points_count: candles.length,
      data_start_date: candles.start,
      data_end_date: candles.end,
      indicators_calculated: [...indicators],
      data_load_duration_ms: milliseconds,
      ...packedMarket(candles),
    },
    { occurredAt: plan.market.candles.start },
  );
}
