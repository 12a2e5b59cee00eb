import type { DataOf } from '../../faces/define.js';
import type { BacktestTradeExecuted } from '../../trading/index.js';
import { Account } from '../broker/account.js';
import type { Columns } from '../broker/execution.js';
import type { EquityCurve, FillRow, RunSettings, TradeRow } from '../runs/result.js';

type Executed = DataOf<typeof BacktestTradeExecuted>;

/** What the fills of a run led to, booked once more. */
export interface Replayed {
  readonly trades: readonly TradeRow[];
  readonly fills: readonly FillRow[];
  /** Quantity held at each time; below 0 for a short position. */
  readonly position: Float64Array;
  /** Cash after the fills up to each time. */
  readonly cash: Float64Array;
}

/**
 * Books the fills of a log in an account with the same rules: the same sums in the same order give the same trades.
 *
 * @param market of each candle the time, and where they are known the open and the funding rate.
 */
export function replay(
  executed: readonly Executed[],
  settings: RunSettings,
  market: Pick<Columns, 'time' | 'funding'> & { readonly open?: Float64Array },
): Replayed {
  const { time, open, funding } = market;
  const account = new Account(settings, funding !== undefined);
  const scale = 10 ** settings.cashDecimals;
  const trades: TradeRow[] = [];
  const fills: FillRow[] = [];
  const position = new Float64Array(time.length);
  const cash = new Float64Array(time.length);
  let next = 0;
  let last = account.cash;
  for (let index = 0; index < time.length; index++) {
    const rate = funding?.[index] ?? 0;
    if (rate !== 0) {
      const { amount = 0 } = account.fund(rate, open?.[index] as number) ?? {};
      last = Math.round((last + amount) * scale) / scale;
    }
    for (; next < executed.length; next++) {
      const data = executed[next] as Executed;
      if (data.execution_timestamp > (time[index] as number)) break;
      const fill = fillOf(data, fills.length + 1, index, settings);
      const trade = bookedTrade(account, data, fill);
      if (trade !== undefined) trades.push(trade);
      fills.push(fill);
      last = fill.cashAfter;
    }
    position[index] = fills.at(-1)?.positionAfter ?? 0;
    cash[index] = last;
  }
  return { trades, fills, position, cash };
}

/** The account at each close of the candles that the run was of, to the last bit. */
export function exactCurve(
  { position, cash }: Replayed,
  time: Float64Array,
  close: Float64Array,
): EquityCurve {
  const equity = close.map((price, index) => (cash[index] as number) + (position[index] as number) * price);
  return { time, equity, position };
}

function fillOf(data: Executed, number: number, index: number, settings: RunSettings): FillRow {
  const { execution_price: price, current_position: positionAfter } = data;
  const scale = 10 ** settings.cashDecimals;
  return {
    number,
    order: numberIn(data.order_id),
    time: data.execution_timestamp,
    index,
    side: data.trade_type,
    price,
    quantity: data.execution_quantity,
    commission: data.commission,
    slippage: data.slippage ?? 0,
    maker: data.is_maker ?? false,
    positionAfter,
    // The log has cash and position as one sum; cash is a whole number of its smallest unit.
    cashAfter: Math.round((data.current_capital - positionAfter * price) * scale) / scale,
  };
}

function bookedTrade(account: Account, data: Executed, fill: FillRow): TradeRow | undefined {
  const { side, quantity, price, maker, time, index } = fill;
  const { trade, cost } = account.book({
    side,
    quantity,
    price,
    maker,
    time,
    index,
    reason: data.closure_reason ?? 'signal',
    tag: data.order_tag ?? null,
  });
  if (trade === undefined) return undefined;
  const profit = data.profit_loss ?? trade.profit;
  return {
    ...trade,
    profit,
    profitFraction: cost === 0 ? trade.profitFraction : profit / cost,
    worst: data.adverse_excursion ?? trade.worst,
    best: data.favorable_excursion ?? trade.best,
    ...(data.funding !== undefined && { funding: data.funding }),
  };
}

/** The number at the end of an id, such as 12 in `b/order-12`; 0 where there is none. */
export function numberIn(id: string | undefined): number {
  return Number(/-(\d+)$/.exec(id ?? '')?.[1] ?? 0);
}
