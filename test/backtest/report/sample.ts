import type { Candles, writeReport } from 'millrace/backtest';
import { equityStatistics, type fullStatistics } from 'millrace/backtest';

type Result = Exclude<Parameters<typeof writeReport>[1], { readonly rows: unknown }>;
export type Statistics = ReturnType<typeof fullStatistics>;

const CAPITAL = 10_000;
const COMMISSION = 0.001;
const STOP = 0.08;

type Mutable<Row> = { -readonly [Name in keyof Row]: Row[Name] };

/** The mean of the last closes; NaN while there are too few. */
function mean(values: Float64Array, length: number): Float64Array {
  let sum = 0;
  return values.map((value, index) => {
    sum += value - (index >= length ? (values[index - length] as number) : 0);
    return index < length - 1 ? Number.NaN : sum / length;
  });
}

/**
 * A result as a run makes it: two moving averages that cross, long and short, with a stop, all capital each time. Only
 * the report is tested with it, so its rules are as short as they can be.
 */
export function sampleResult(candles: Candles, [fast, slow]: readonly [number, number] = [20, 100]): Result {
  const { time, open, high, low, close, length } = candles;
  const quick = mean(close, fast);
  const slowly = mean(close, slow);
  const equity = new Float64Array(length);
  const position = new Float64Array(length);
  const trades: Result['trades'][number][] = [];
  const fills: Result['fills'][number][] = [];
  const orders: Mutable<Result['orders'][number]>[] = [];
  const logs: Result['logs'][number][] = [];
  let cash = CAPITAL;
  let held = 0;
  let entry = { index: 0, price: 0, commission: 0, cost: 0 };
  let stopOrder: Mutable<Result['orders'][number]> | undefined;
  let wanted = 0;
  let commissionPaid = 0;
  let turnover = 0;

  const orderOf = (
    index: number,
    side: 'buy' | 'sell',
    kind: 'market' | 'stop',
    quantity: number,
    stopPrice: number | null,
  ) => {
    const order: Mutable<Result['orders'][number]> = {
      number: orders.length + 1,
      kind,
      side,
      status: 'open',
      time: time[index] as number,
      index,
      endTime: null,
      quantity,
      filledQuantity: 0,
      averagePrice: null,
      limitPrice: null,
      stopPrice,
      commission: 0,
      group: null,
      reason: null,
      tag: kind === 'stop' ? null : 'cross',
    };
    orders.push(order);
    return order;
  };
  const fill = (order: Mutable<Result['orders'][number]>, index: number, signed: number, price: number) => {
    const commission = Math.abs(signed) * price * COMMISSION;
    cash -= signed * price + commission;
    held += signed;
    commissionPaid += commission;
    turnover += Math.abs(signed) * price;
    Object.assign(order, {
      status: 'filled',
      endTime: time[index],
      filledQuantity: Math.abs(signed),
      averagePrice: price,
      commission,
    });
    fills.push({
      number: fills.length + 1,
      order: order.number,
      time: time[index] as number,
      index,
      side: signed > 0 ? 'buy' : 'sell',
      price,
      quantity: Math.abs(signed),
      commission,
      slippage: 0,
      maker: false,
      positionAfter: held,
      cashAfter: cash,
    });
    return commission;
  };
  const closeAt = (
    index: number,
    price: number,
    reason: Result['trades'][number]['reason'],
    order: Mutable<Result['orders'][number]>,
  ) => {
    const quantity = held;
    const side = quantity > 0 ? 'long' : 'short';
    const exit = fill(order, index, -quantity, price);
    held = 0;
    const profit = quantity * (price - entry.price) - entry.commission - exit;
    const span = { high: high.subarray(entry.index, index + 1), low: low.subarray(entry.index, index + 1) };
    const [top, bottom] = [
      span.high.reduce((a, b) => Math.max(a, b)),
      span.low.reduce((a, b) => Math.min(a, b)),
    ];
    const [best, worst] = side === 'long' ? [top, bottom] : [bottom, top];
    const sign = side === 'long' ? 1 : -1;
    trades.push({
      number: trades.length + 1,
      position: trades.length + 1,
      side,
      quantity: Math.abs(quantity),
      entryPrice: entry.price,
      exitPrice: price,
      entryTime: time[entry.index] as number,
      exitTime: time[index] as number,
      entryIndex: entry.index,
      exitIndex: index,
      profit,
      profitFraction: profit / entry.cost,
      holdingMs: (time[index] as number) - (time[entry.index] as number),
      commission: entry.commission + exit,
      reason,
      worst: Math.min(0, (sign * (worst - entry.price)) / entry.price),
      best: Math.max(0, (sign * (best - entry.price)) / entry.price),
      tag: 'cross',
    });
    if (stopOrder && stopOrder.status === 'open')
      Object.assign(stopOrder, { status: 'cancelled', endTime: time[index], reason: 'position_closed' });
    stopOrder = undefined;
  };

  for (let index = 0; index < length; index++) {
    const opened = open[index] as number;
    if (wanted !== 0 && Math.sign(held) !== wanted) {
      if (held !== 0)
        closeAt(
          index,
          opened,
          'signal',
          orderOf(index - 1, held > 0 ? 'sell' : 'buy', 'market', Math.abs(held), null),
        );
      const quantity = (wanted * cash) / (opened * (1 + COMMISSION));
      const order = orderOf(index - 1, wanted > 0 ? 'buy' : 'sell', 'market', Math.abs(quantity), null);
      const commission = fill(order, index, quantity, opened);
      entry = { index, price: opened, commission, cost: Math.abs(quantity) * opened + commission };
      stopOrder = orderOf(
        index,
        wanted > 0 ? 'sell' : 'buy',
        'stop',
        Math.abs(quantity),
        opened * (1 - wanted * STOP),
      );
    }
    wanted = 0;
    const level = stopOrder?.stopPrice ?? Number.NaN;
    const isStopped =
      held > 0 ? (low[index] as number) <= level : held < 0 && (high[index] as number) >= level;
    if (isStopped && stopOrder) {
      closeAt(index, held > 0 ? Math.min(opened, level) : Math.max(opened, level), 'stop_loss', stopOrder);
      logs.push({ time: time[index] as number, index, text: `stopped at ${level.toFixed(2)}` });
    }
    const [before, now] = [index - 1, index].map((at) =>
      Math.sign((quick[at] ?? Number.NaN) - (slowly[at] ?? Number.NaN)),
    );
    if (before !== undefined && now !== undefined && before * now === -1) wanted = now;
    equity[index] = cash + held * (close[index] as number);
    position[index] = held;
  }
  if (held !== 0)
    closeAt(
      length - 1,
      close[length - 1] as number,
      'end_of_data',
      orderOf(length - 1, held > 0 ? 'sell' : 'buy', 'market', Math.abs(held), null),
    );
  equity[length - 1] = cash;
  const bought = CAPITAL / ((open[0] as number) * (1 + COMMISSION));
  const benchmark = close.map((price) => bought * price);
  const profits = trades.filter(({ profit }) => profit > 0).length;
  return {
    identity: {
      backtestId: `ma-cross-${fast}-${slow}@1f0c9a77`,
      strategyId: `ma-cross-${fast}-${slow}`,
      strategy: 'ma-cross',
      symbol: 'sp500',
      timeframe: '1d',
      start: candles.start,
      end: candles.end,
      candles: length,
      dataHash: candles.hash(),
      strategyHash: '2'.repeat(64),
      settingsHash: '3'.repeat(64),
      seed: 'sample',
      engine: '0.1.0',
      node: 'v26.10.0',
      v8: '14.0',
      architecture: 'x64',
    },
    parameters: { fast, slow, stop: STOP },
    settings: {
      initialCapital: CAPITAL,
      fill: 'next_open',
      commission: { taker: COMMISSION, maker: COMMISSION, minimum: 0 },
      slippage: { fixed: 0, fraction: 0, volume: 0 },
      spread: 0,
      lotSize: 0,
      tickSize: 0,
      minimumValue: 0,
      leverage: 1,
      maintenanceMargin: 0,
      volumeShare: 0,
      insideBar: 'stop_first',
      cashDecimals: 8,
      closeAtEnd: true,
    },
    trades,
    orders,
    fills,
    equity: { time, equity, position },
    plots: [
      { name: `mean of ${fast}`, values: quick, pane: 'price' },
      { name: `mean of ${slow}`, values: slowly, pane: 'price' },
      { name: 'distance', values: quick.map((value, at) => value / (slowly[at] as number) - 1), pane: 'own' },
    ],
    logs,
    benchmark: {
      name: 'buy and hold',
      equity: benchmark,
      statistics: equityStatistics(time, benchmark, CAPITAL),
    },
    statistics: equityStatistics(time, equity, CAPITAL),
    tradeStatistics: {
      trades: trades.length,
      winning: profits,
      losing: trades.length - profits,
      winRate: null,
      profitFactor: null,
      averageWin: null,
      averageLoss: null,
      expectancy: null,
      bestTrade: null,
      worstTrade: null,
      averageHoldingHours: null,
    },
    finalCapital: cash,
    commission: commissionPaid,
    turnover,
    exposure: position.filter((quantity) => quantity !== 0).length / length,
    fingerprint: '4'.repeat(64),
  };
}
