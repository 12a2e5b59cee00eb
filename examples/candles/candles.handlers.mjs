import { defineHandlers, defineState } from 'millrace/define';
import { CandleClosed, Trade } from './events.mjs';

const MINUTE = 60_000;

/** The candle of each symbol that is not closed yet. Without a trade so far there is none. */
const OpenCandle = defineState({
  name: 'open-candle',
  /** @returns {Omit<import('millrace/define').DataOf<typeof CandleClosed>, 'symbol'> | null} */
  initial: () => null,
});

export default defineHandlers('candles', (on) => {
  on(Trade, { state: OpenCandle }, ({ data: { symbol, time, price, quantity } }, candle, ctx) => {
    const start = time - (time % MINUTE);
    if (candle?.time === start) {
      return {
        ...candle,
        high: Math.max(candle.high, price),
        low: Math.min(candle.low, price),
        close: price,
        volume: candle.volume + quantity,
      };
    }
    if (candle) ctx.emit(CandleClosed({ symbol, ...candle }));
    return { time: start, open: price, high: price, low: price, close: price, volume: quantity };
  });
});
