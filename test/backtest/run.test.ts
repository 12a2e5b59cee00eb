import { InvalidOptionError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import {
  candlesFromCloses,
  candlesOf,
  DAY,
  type Data,
  eventsOf,
  RUN,
  randomCandles,
  START,
  storyOf,
} from './helpers.js';

describe('a backtest', () => {
  // RSI(2) of these closes: 100, 33.3 (no crossing of 30 yet), 14.3: BUY on 4; 63.6: SELL on 5 when the exit is 60.
  const closes = [100, 101, 102, 100, 98, 101, 102];

  test('a signal on the close is filled at the next open, never on its own candle', () => {
    const candles = candlesOf(
      [100, 101, 99, 100],
      [100, 102, 99, 101],
      [101, 103, 100, 102],
      [102, 103, 99, 100],
      [100, 101, 97, 98],
      [97.5, 102, 97, 101],
      [103.5, 104, 101, 102],
    );
    expect(storyOf(eventsOf(candles))).toEqual([
      'BUY signal on 4',
      'buy @ 97.5 on 5',
      'SELL signal on 5',
      'sell @ 103.5 on 6',
      'closed by signal',
    ]);
  });

  test('the events of one round trip, with commission', () => {
    const events = eventsOf(candlesFromCloses(closes), { ...RUN, commission: 0.01 });
    expect(events.map((event) => event.type)).toEqual([
      'backtest.data_loaded',
      'backtest.signal_generated',
      'backtest.trade_executed',
      'backtest.position_opened',
      'backtest.signal_generated',
      'backtest.trade_executed',
      'backtest.position_closed',
      'backtest.completed',
    ]);
    const [, signal, buy, opened, , sell, closed, completed] = events.map((event) => event.data as Data);
    expect(signal).toMatchObject({ signal_price: 98, signal_reason: 'rsi_crossed_below_entry' });
    expect(signal?.signal_strength).toBeCloseTo((30 - 100 / 7) / 30, 12);
    // 1000 = quantity * 98 * 1.01
    const quantity = 1000 / 98.98;
    expect(buy).toMatchObject({
      trade_id: expect.stringMatching(/^rsi-2-30-60-0@[0-9a-f]{8}\/trade-1$/),
      execution_price: 98,
      current_position: quantity,
    });
    expect(buy?.commission).toBeCloseTo(quantity * 0.98, 8);
    expect(buy?.current_capital).toBeCloseTo(1000 / 1.01, 7);
    expect(opened).toMatchObject({
      position_id: expect.stringMatching(/\/position-1$/),
      side: 'long',
      entry_timestamp: START + 5 * DAY,
    });
    expect(sell).toMatchObject({
      trade_id: expect.stringMatching(/\/trade-2$/),
      execution_price: 101,
      current_position: 0,
    });
    const final = quantity * 101 * 0.99;
    expect(closed?.profit_loss).toBeCloseTo(final - 1000, 7);
    expect(closed?.profit_loss_percent).toBeCloseTo((final - 1000) / 10, 7);
    expect(closed?.holding_duration_seconds).toBe(86_400);
    expect(completed).toMatchObject({ total_trades: 1, winning_trades: 1, losing_trades: 0, win_rate: 1 });
    expect(completed?.final_capital).toBeCloseTo(final, 7);
    expect(completed?.total_return).toBeCloseTo(final / 1000 - 1, 10);
  });

  test('an event occurred at the time of its candle, and times never fall', () => {
    const times = eventsOf(randomCandles(3, 300)).map((event) => Number(event.options?.occurredAt));
    expect(times.length).toBeGreaterThan(50);
    expect(times.at(-1)).toBe(START + 299 * DAY);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('a position that is open at the end is closed on the last close', () => {
    const events = eventsOf(candlesFromCloses(closes.slice(0, 6)), {
      ...RUN,
      parameters: { ...RUN.parameters, exit: 99 },
    });
    expect(storyOf(events).slice(-2)).toEqual(['sell @ 101 on 5', 'closed by end_of_data']);
  });

  test('a signal on the last candle is not filled', () => {
    expect(storyOf(eventsOf(candlesFromCloses(closes.slice(0, 5))))).toEqual(['BUY signal on 4']);
  });

  test('no candle to speak of gives no trade and no made-up ratios', () => {
    const [loaded, completed, ...rest] = eventsOf(candlesOf([5, 5, 5, 5]));
    expect(loaded?.type).toBe('backtest.data_loaded');
    expect(rest).toEqual([]);
    expect(completed?.data).toMatchObject({
      total_trades: 0,
      total_return: 0,
      final_capital: 1000,
      annual_return: null,
      sharpe_ratio: null,
      win_rate: null,
      profit_factor: null,
      average_holding_time_hours: null,
    });
  });

  test('is the same every time, and keeps nothing from another', () => {
    const candles = randomCandles(7, 400);
    const other = {
      ...RUN,
      parameters: { length: 5, entry: 40, exit: 50, stop: 0.02 },
    };
    const first = eventsOf(candles);
    eventsOf(candles, other);
    expect(eventsOf(candles)).toEqual(first);
  });

  test.each([
    ['no capital', { initialCapital: 0 }],
    ['endless capital', { initialCapital: Number.POSITIVE_INFINITY }],
    ['a negative commission', { commission: -0.1 }],
    ['a commission of everything', { commission: 1 }],
    ['a bad parameter', { parameters: { length: 2, entry: 60, exit: 50, stop: 0 } }],
  ])('%s is refused', (_, change) => {
    expect(() => eventsOf(candlesFromCloses(closes), { ...RUN, ...change })).toThrow(InvalidOptionError);
  });
});
