import { type Candles, candlesFromRows } from 'millrace/backtest';

/** Minutes of a price path from a small generator of its own. */
export function minutes(count: number): Candles {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  let close = 100;
  return candlesFromRows(
    Array.from({ length: count }, (_, index) => {
      const open = close;
      close = open * (1 + (random() - 0.5) * 0.002);
      const high = Math.max(open, close) * (1 + random() * 0.0003);
      const low = Math.min(open, close) * (1 - random() * 0.0003);
      return { time: 1_600_000_000_000 + index * 60_000, open, high, low, close, volume: 1 };
    }),
  );
}
