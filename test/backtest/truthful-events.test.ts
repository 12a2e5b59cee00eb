import type { NewEvent } from 'millrace';
import {
  type BacktestResult,
  defineStrategy,
  type FillRow,
  type OrderRow,
  runBacktest,
  type TradeRow,
} from 'millrace/backtest';
import { allTradingEvents } from 'millrace/trading';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Data, randomCandles } from './helpers.js';

const candles = randomCandles(11, 900);
// Enough for most orders, and too little for some.
candles.volume.fill(6);
const closeAt = new Map(Array.from(candles.time, (time, index) => [time, candles.close[index] as number]));

/** Does everything that an order and a position can go through, one thing after the other. */
const everything = defineStrategy({
  name: 'everything',
  parameters: z.object({}),
  onBar(ctx) {
    const step = ctx.index % 30;
    // At the end one position that is too large for the account.
    if (ctx.index === 811) ctx.target(-4.5);
    if (ctx.index === 850) ctx.target(4.5);
    if (ctx.index > 810) return;
    if (step === 0) ctx.signal('BUY', { reason: 'begin', strength: 0.25, indicators: { close: ctx.close } });
    if (step === 0) ctx.buy({ fraction: 0.5, tag: 'in', stopLossFraction: 0.04, takeProfitFraction: 0.05 });
    if (step === 2) ctx.buy({ limit: ctx.close * 0.99, quantity: 1, expireAfter: 2, tag: 'more' });
    if (step === 4) ctx.sell({ quantity: 0.5, reduceOnly: true });
    if (step === 5) ctx.buy({ quantity: 1e9 });
    if (step === 6) ctx.target(0);
    if (step === 8) ctx.target(0);
    if (step === 9) {
      const high = ctx.buy({ stop: ctx.close * 1.01, risk: 0.02, stopLossFraction: 0.1 });
      const low = ctx.sell({ stop: ctx.close * 0.99, limit: ctx.close * 0.97, value: 300 });
      ctx.oneCancelsOther(high, low);
    }
    if (step === 13) ctx.cancelAll();
    if (step === 14) ctx.target(-1, { trailingFraction: 0.03 });
    if (step === 19) ctx.target(1.5);
    if (step === 22) ctx.exit('done');
    if (step === 24) ctx.sell({ reduceOnly: true, quantity: 1 });
  },
});

const RULES = {
  candles,
  strategy: everything,
  symbol: 'TEST',
  initialCapital: 300,
  leverage: 5,
  maintenanceMargin: 0.15,
  commission: { taker: 0.001, maker: 0.0005, minimum: 0.01 },
  slippage: { fraction: 0.0005, fixed: 0, volume: 0.0001 },
  spread: 0.0002,
  volumeShare: 1,
};

/** What is to be said of an event's field, by what else is known of the run. */
type Check = (value: never, data: Data, event: NewEvent) => void;

let result: BacktestResult;
let events: NewEvent[];

beforeAll(() => {
  events = [];
  result = runBacktest({ ...RULES, level: 'full', emit: (event) => events.push(event) }) as BacktestResult;
});

const numberOf = (id: unknown) => Number(/-(\d+)$/.exec(String(id))?.[1]);
const orderOf = (data: Data) => result.orders[numberOf(data.order_id) - 1] as OrderRow;
const fillOf = (data: Data) => result.fills[numberOf(data.trade_id) - 1] as FillRow;
const tradeOf = (data: Data) => result.trades[numberOf(data.trade_id) - 1] as TradeRow;
const partsOf = (data: Data) =>
  result.trades.filter(({ position }) => position === numberOf(data.position_id)) as [TradeRow];
/** What a fill closed, if anything: each fill against the position made one trade, in this order. */
const closedBy = (data: Data) => {
  const closing = result.fills.filter(({ side }, index) => {
    const before = result.fills[index - 1]?.positionAfter ?? 0;
    return side === 'buy' ? before < 0 : before > 0;
  });
  return result.trades[closing.indexOf(fillOf(data))];
};
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const is = (expected: (data: Data, event: NewEvent) => unknown): Check => {
  return (value, data, event) => expect(value).toEqual(expected(data, event));
};
const near = (expected: (data: Data) => number): Check => {
  return (value, data) => {
    const wanted = expected(data);
    expect(Math.abs(Number(value) - wanted)).toBeLessThanOrEqual(1e-7 * Math.max(1, Math.abs(wanted)));
  };
};
/** What an order wanted after a fill may have become less since. */
const atLeast = (expected: (data: Data) => number): Check => {
  return (value, data) => expect(Number(value)).toBeGreaterThanOrEqual(expected(data) - 1e-9);
};
const some: Check = (value) => expect(value).not.toBe('');

const IDS: Record<string, Check> = {
  backtest_id: is(() => result.identity.backtestId),
  strategy_id: is(() => result.identity.strategyId),
  symbol: is(() => 'TEST'),
};
const text = (value: unknown) => (value === null ? undefined : String(value));
const CHECKS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  'backtest.data_loaded': {
    data_points_count: is(() => 900),
    data_start_date: is(() => candles.start),
    data_end_date: is(() => candles.end),
    indicators_calculated: is(() => []),
    data_load_duration_ms: (value) => expect(value).toBeGreaterThanOrEqual(0),
    curve_every: is(() => 1),
    curve_times: some,
    curve_closes: some,
    first_open: is(() => candles.open[0]),
  },
  'backtest.signal_generated': {
    signal_timestamp: is((_, event) => event.options?.occurredAt),
    signal_type: is(() => 'BUY'),
    signal_price: is((data) => closeAt.get(data.signal_timestamp as number)),
    signal_strength: is(() => 0.25),
    signal_reason: is(() => 'begin'),
    technical_indicators: is((data) => ({ close: data.signal_price })),
  },
  'backtest.trade_executed': {
    trade_id: is((data) => `${result.identity.backtestId}/trade-${fillOf(data).number}`),
    trade_type: is((data) => fillOf(data).side),
    execution_timestamp: is((data) => fillOf(data).time),
    execution_price: is((data) => fillOf(data).price),
    execution_quantity: is((data) => fillOf(data).quantity),
    commission: is((data) => fillOf(data).commission),
    current_capital: near((data) => fillOf(data).cashAfter + fillOf(data).positionAfter * fillOf(data).price),
    current_position: is((data) => fillOf(data).positionAfter),
    order_id: is((data) => `${result.identity.backtestId}/order-${fillOf(data).order}`),
    order_type: is((data) => orderOf(data).kind),
    slippage: is((data) => fillOf(data).slippage),
    is_maker: is((data) => fillOf(data).maker),
    remaining_quantity: atLeast((data) => remainingAfter(data)),
    order_tag: is((data) => orderOf(data).tag),
    closure_reason: is((data) => closedBy(data)?.reason),
    profit_loss: is((data) => closedBy(data)?.profit),
    adverse_excursion: is((data) => closedBy(data)?.worst),
    favorable_excursion: is((data) => closedBy(data)?.best),
  },
  'backtest.position_opened': {
    position_id: (value) => expect(partsOf({ position_id: value })[0].entryPrice).toBeGreaterThan(0),
    entry_timestamp: is((data) => partsOf(data)[0].entryTime),
    entry_price: (value, data) =>
      expect(result.fills.some(({ time, price }) => time === data.entry_timestamp && price === value)).toBe(
        true,
      ),
    position_size: (value, data) =>
      expect(
        result.fills.some(
          ({ price, positionAfter }) => price === data.entry_price && Math.abs(positionAfter) === value,
        ),
      ).toBe(true),
    position_value: is((data) => (data.position_size as number) * (data.entry_price as number)),
    side: is((data) => partsOf(data)[0].side),
  },
  'backtest.position_closed': {
    position_id: some,
    exit_timestamp: is((data) => partsOf(data).at(-1)?.exitTime),
    exit_price: near(
      (data) =>
        sum(partsOf(data).map((part) => part.exitPrice * part.quantity)) /
        sum(partsOf(data).map((part) => part.quantity)),
    ),
    position_size: near((data) => sum(partsOf(data).map(({ quantity }) => quantity))),
    profit_loss: near((data) => sum(partsOf(data).map(({ profit }) => profit))),
    profit_loss_percent: (value, data) =>
      expect(Math.sign(value)).toBe(Math.sign(data.profit_loss as number)),
    holding_duration_seconds: is((data) => (partsOf(data).at(-1)?.holdingMs ?? 0) / 1000),
    closure_reason: is((data) => partsOf(data).at(-1)?.reason),
    side: is((data) => partsOf(data)[0].side),
    commission: near((data) => sum(partsOf(data).map(({ commission }) => commission))),
  },
  'backtest.completed': {
    execution_duration_seconds: (value) => expect(value).toBeGreaterThan(0),
    total_trades: is(() => result.trades.length),
    winning_trades: is(() => result.trades.filter(({ profit }) => profit > 0).length),
    losing_trades: is(() => result.trades.filter(({ profit }) => profit < 0).length),
    total_return: is(() => result.finalCapital / 300 - 1),
    annual_return: is(() => result.statistics.annualReturn),
    max_drawdown: is(() => result.statistics.maxDrawdown),
    sharpe_ratio: is(() => result.statistics.sharpe),
    win_rate: is(() => result.tradeStatistics.winRate),
    profit_factor: is(() => result.tradeStatistics.profitFactor),
    average_holding_time_hours: is(() => result.tradeStatistics.averageHoldingHours),
    final_capital: is(() => result.equity.equity.at(-1)),
    performance_metrics: (value: Data) =>
      expect(value).toMatchObject({
        candles: 900,
        exposure_time: result.exposure,
        total_commission: result.commission,
        turnover: result.turnover,
      }),
    equity_curve: some,
  },
  'trading.order_placed': {
    order_id: some,
    order_type: is((data) => orderOf(data).kind),
    // Which way a target leads is an estimate as well.
    side: (value, data) =>
      (data.order_metadata as Data).estimated === true
        ? expect(['buy', 'sell']).toContain(value)
        : expect(value).toBe(orderOf(data).side),
    quantity: (value, data) => {
      const { estimated } = data.order_metadata as Data;
      expect(Number(value)).toBeGreaterThan(0);
      const told = events.findLast(
        ({ type, data: other }) =>
          type === 'trading.order_placed' && (other as Data).order_id === data.order_id,
      );
      if (told?.data !== data) return;
      const { quantity } = orderOf(data);
      if (estimated === true) expect(quantity).toBeNull();
      else expect(Number(value)).toBeCloseTo(quantity as number, 9);
    },
    price: is((data) => text(orderOf(data).limitPrice)),
    stop_price: (value, data) =>
      orderOf(data).kind === 'trailing_stop'
        ? expect(Number(value)).toBeGreaterThan(0)
        : expect(value).toBe(text(orderOf(data).stopPrice)),
    order_metadata: (value: Data, data) => {
      expect(value.tag).toBe(orderOf(data).tag ?? undefined);
      expect(['quantity', 'value', 'fraction', 'risk', 'target', 'position', 'entry']).toContain(
        value.sized_by,
      );
    },
    exec_type: (value) => expect(['submitted', 'updated']).toContain(value),
  },
  'trading.order_executed': {
    order_id: is((data) => `${result.identity.backtestId}/order-${fillOf(data).order}`),
    trade_id: some,
    side: is((data) => fillOf(data).side),
    executed_quantity: is((data) => text(fillOf(data).quantity)),
    executed_price: is((data) => text(fillOf(data).price)),
    execution_fee: is((data) => text(fillOf(data).commission)),
    execution_timestamp: is((data) => fillOf(data).time),
    remaining_quantity: atLeast((data) => remainingAfter(data)),
    exec_type: is((data) => (data.remaining_quantity === '0' ? 'filled' : 'partially_filled')),
  },
  'trading.order_cancelled': {
    order_id: some,
    cancellation_reason: is((data) => orderOf(data).reason),
    cancelled_by: is((data) => {
      if (orderOf(data).status === 'expired') return 'market';
      return data.cancellation_reason === 'the strategy cancelled it' ? 'strategy' : 'broker';
    }),
    remaining_quantity: near((data) => (orderOf(data).quantity ?? 0) - orderOf(data).filledQuantity),
    exec_type: is((data) => (orderOf(data).status === 'expired' ? 'expired' : 'canceled')),
  },
  'trading.order_failed': {
    order_id: some,
    failure_reason: is((data) => orderOf(data).reason),
    error_details: (value: Data, data) => {
      const { kind, side, status, time } = orderOf(data);
      expect(value).toMatchObject({ order_type: kind, side, status, placed_timestamp: time });
    },
    exec_type: is((data) => (data.error_details === undefined ? 'rejected' : 'denied')),
  },
  'trading.position_updated': {
    position_id: some,
    current_price: (value, _, event) =>
      expect(
        result.fills.some(({ time, price }) => time === event.options?.occurredAt && String(price) === value),
      ).toBe(true),
    unrealized_pnl: near((data) => {
      const { quantity, entry_price } = data.updated_fields as Record<string, string>;
      const sign = partsOf(data)[0].side === 'long' ? 1 : -1;
      return sign * Number(quantity) * (Number(data.current_price) - Number(entry_price));
    }),
    unrealized_pnl_percent: near((data) => {
      const { quantity, entry_price } = data.updated_fields as Record<string, string>;
      return (Number(data.unrealized_pnl) / (Number(entry_price) * Number(quantity))) * 100;
    }),
    updated_fields: (value: Data) => expect(Number(value.quantity)).toBeGreaterThan(0),
  },
  'trading.trade_completed': {
    trade_id: is((data) => `${result.identity.backtestId}/round-trip-${tradeOf(data).number}`),
    side: is((data) => tradeOf(data).side),
    trade_type: is((data) => {
      const { position, number } = tradeOf(data);
      const last = result.trades.findLast((trade) => trade.position === position);
      return last?.number === number ? 'round_trip' : 'partial';
    }),
    entry_price: is((data) => text(tradeOf(data).entryPrice)),
    exit_price: is((data) => text(tradeOf(data).exitPrice)),
    quantity: is((data) => text(tradeOf(data).quantity)),
    profit_loss: near((data) => tradeOf(data).profit),
    profit_loss_percent: near((data) => tradeOf(data).profitFraction * 100),
    commission_total: near((data) => tradeOf(data).commission),
    holding_duration_seconds: is((data) => tradeOf(data).holdingMs / 1000),
    entry_timestamp: is((data) => tradeOf(data).entryTime),
    exit_timestamp: is((data) => tradeOf(data).exitTime),
  },
  'trading.margin_call_triggered': {
    current_margin_ratio: near(() => 0.15),
    required_margin_ratio: is(() => '0.15'),
    position_value: (value) => expect(Number(value)).not.toBe(0),
    available_margin: (value) => expect(Number(value)).toBeLessThan(1e-6),
    liquidation_risk: is(() => true),
  },
};

/** Quantity that an order still wants after a fill: what later fills of it gave, or what was left when it ended. */
function remainingAfter(data: Data): number {
  const { number, order } = fillOf(data);
  const later = result.fills.filter((fill) => fill.order === order && fill.number > number);
  const { quantity, filledQuantity, status } = result.orders[order - 1] as OrderRow;
  const left = status === 'filled' ? 0 : (quantity as number) - filledQuantity;
  return sum(later.map((fill) => fill.quantity)) + left;
}

const named = new Map(allTradingEvents.map((definition) => [definition.type as string, definition]));

describe('each event of a run of the level full', () => {
  test('is of one of the types that the page names, and all of these come', () => {
    expect([...new Set(events.map(({ type }) => type))].sort()).toEqual(Object.keys(CHECKS).sort());
  });

  test('is what its schema says', () => {
    for (const { type, data } of events) {
      expect(named.get(type)?.schema.safeParse(data).error?.issues ?? [], type).toEqual([]);
    }
  });

  test.each(Object.keys(CHECKS))('%s has in each field what the result says', (type) => {
    const checks = { ...IDS, ...CHECKS[type] };
    const seen = new Set<string>();
    for (const event of events.filter((one) => one.type === type)) {
      const data = event.data as Data;
      for (const [field, value] of Object.entries(data)) {
        seen.add(field);
        const check = checks[field];
        if (check === undefined) throw new Error(`${type} has '${field}', which nothing here knows.`);
        try {
          check(value as never, data, event);
        } catch (error) {
          throw new Error(`${type}.${field} of ${JSON.stringify(data)}: ${String(error)}`, { cause: error });
        }
      }
    }
    expect([...seen].sort()).toEqual(Object.keys(checks).sort());
  });

  test('has the time of its candle, and none comes before an earlier one', () => {
    const times = events.map(({ options }) => Number(options?.occurredAt));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.every((time) => closeAt.has(time))).toBe(true);
  });
});

describe('the life of each order', () => {
  test('is told from its placing to its end, and has one end', () => {
    const ENDS = new Set(['filled', 'canceled', 'expired', 'rejected', 'denied']);
    for (const order of result.orders) {
      const id = `${result.identity.backtestId}/order-${order.number}`;
      const steps = events
        .filter(({ type, data }) => type.startsWith('trading.order') && (data as Data).order_id === id)
        .map(({ data }) => String((data as Data).exec_type));
      expect(['submitted', 'denied'], `${id}: ${steps}`).toContain(steps[0]);
      expect(
        steps.filter((step) => ENDS.has(step)),
        `${id}: ${steps}`,
      ).toEqual([steps.at(-1)]);
    }
  });
});
