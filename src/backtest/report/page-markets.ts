import { packColumn } from '../../page/columns.js';
import type { PackedColumn } from '../../page/packed-column.js';
import type { Candles } from '../candles/candles.js';
import type { Markets } from '../candles/markets.js';
import type { FillRow, OrderRow } from '../runs/result.js';
import { REPORT_MAX_MARKETS, REPORT_MAX_ROWS } from './limits.js';
import type { PageMarket, RunPage } from './page-types.js';
import type { ShownRun } from './shown-run.js';

/** Columns of a chart of candles. */
export const PRICE_COLUMNS = ['open', 'high', 'low', 'close', 'volume'] as const;

export function fillsOf(fills: readonly FillRow[]): RunPage['fills'] {
  return fills.map(({ index, side, price, quantity }) => [index, side === 'buy' ? 1 : -1, price, quantity]);
}

export function stopsOf(orders: readonly OrderRow[], time: Float64Array): RunPage['stops'] {
  const indexOf = (at: number | null) => (at === null ? time.length - 1 : lastBarUpTo(time, at));
  return orders
    .filter(({ stopPrice, kind }) => stopPrice !== null && kind !== 'market')
    .slice(-REPORT_MAX_ROWS)
    .map(({ index, endTime, stopPrice }) => [index, indexOf(endTime), stopPrice as number]);
}

/** What the charts of several markets show over their candles; none without candles. */
export function pageMarkets(
  { identity, fills, orders, equity }: ShownRun,
  candles: Candles | Markets | undefined,
): readonly PageMarket[] {
  if (candles === undefined) return [];
  return (identity.markets ?? []).slice(0, REPORT_MAX_MARKETS).map(({ symbol }) => ({
    name: symbol,
    fills: fillsOf(fills.filter(({ market }) => market === symbol)),
    stops: stopsOf(
      orders.filter(({ market }) => market === symbol),
      equity.time,
    ),
  }));
}

/** The candles of several markets at the times of all: one that is silent stands at its last close. */
export function marketColumns({ time, candles }: Markets): Readonly<Record<string, PackedColumn>> {
  const columns: Record<string, PackedColumn> = {};
  for (const [at, market] of candles.slice(0, REPORT_MAX_MARKETS).entries()) {
    for (const name of PRICE_COLUMNS) columns[`${name}:${at}`] = packColumn(onClock(time, market, name));
  }
  return columns;
}

function onClock(time: Float64Array, candles: Candles, name: (typeof PRICE_COLUMNS)[number]): Float64Array {
  let next = 0;
  return time.map((now) => {
    const isNew = candles.time[next] === now;
    if (isNew) next++;
    if (next === 0) return Number.NaN;
    if (isNew) return candles[name][next - 1] as number;
    return name === 'volume' ? 0 : (candles.close[next - 1] as number);
  });
}

/** By halves: a run has thousands of orders and a million bars. */
function lastBarUpTo(time: Float64Array, at: number): number {
  let low = 0;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((time[middle] as number) <= at) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
