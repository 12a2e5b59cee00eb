import { type Candles, candlesFromRows } from 'millrace/backtest';
import { describe, expect, test } from 'vitest';
import {
  DAY,
  type Data,
  eventsOf,
  RUN,
  randomCandles,
  START,
  withoutHashes,
} from '../../support/backtest/helpers.js';

const runWith = (stop: number) => ({
  ...RUN,
  commission: 0.001,
  parameters: { length: 3, entry: 35, exit: 55, stop },
});

/** Told of the data itself, and of what only its end causes. */
const NOT_OF_THE_STRATEGY: readonly string[] = ['backtest.data_loaded', 'backtest.completed'];

/** Events as far as the strategy and its broker cause them. */
function storyOf(candles: Candles, stop: number) {
  return eventsOf(candles, runWith(stop)).filter(
    ({ type, data }) =>
      !NOT_OF_THE_STRATEGY.includes(type) && (data as Data).closure_reason !== 'end_of_data',
  );
}

function upTo(story: ReturnType<typeof storyOf>, day: number) {
  return withoutHashes(story.filter((event) => Number(event.options?.occurredAt) <= START + day * DAY));
}

describe('nothing looks ahead', () => {
  test.each([0, 0.03])('the events up to a day are the same whatever comes after it (stop %d)', (stop) => {
    const candles = randomCandles(11, 250);
    const whole = storyOf(candles, stop);
    for (let day = 1; day < 250; day++) {
      const story = storyOf(candles.prefix(day + 1), stop);
      expect(upTo(story, day), `day ${day}`).toEqual(upTo(whole, day));
    }
    expect(upTo(whole, 249).length).toBeGreaterThan(60);
  });

  test('no fill uses a price of the candle that gave the signal', () => {
    const candles = randomCandles(12, 250);
    const events = eventsOf(candles, runWith(0));
    const filled = events.flatMap((event, index) => {
      const before = events[index - 1];
      if (event.type !== 'backtest.trade_executed' || before?.type !== 'backtest.signal_generated') return [];
      return [[before, event] as const];
    });
    expect(filled.length).toBeGreaterThan(20);
    for (const [signal, trade] of filled) {
      const day = (Number(trade.options?.occurredAt) - START) / DAY;
      expect(Number(signal.options?.occurredAt)).toBe(START + (day - 1) * DAY);
      expect((trade.data as Data).execution_price).toBe(candles.open[day]);
    }
  });

  test('high, low and volume of the last candle do not matter without a stop', () => {
    const candles = randomCandles(13, 100);
    const rows = Array.from({ length: 100 }, (_, index) => ({
      time: candles.time[index] as number,
      open: candles.open[index] as number,
      high: 1e6,
      low: 1e-6,
      close: candles.close[index] as number,
      volume: 5,
    }));
    // How far the price went meanwhile is told, and decides nothing.
    const decided = (of: Candles) =>
      withoutHashes(eventsOf(of, runWith(0))).map((text) => text.replace(/,"adverse_excursion":[^}]*/, ''));
    expect(decided(candlesFromRows(rows))).toEqual(decided(candles));
  });
});
