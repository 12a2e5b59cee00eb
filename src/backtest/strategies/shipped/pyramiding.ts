import { z } from 'zod';
import { defineStrategy } from '../define.js';

/** Adds to what wins: a further part each time the price has risen by a step, all of it left by one trailing stop. */
export default defineStrategy({
  name: 'pyramiding',
  description: 'Adds to a winning position step by step, and leaves it all by a trailing stop.',
  parameters: z.object({
    /** Candles of the average above which it begins. */
    length: z.number().int().min(2).max(10_000).default(50),
    /** Rise between two entries, as a fraction. */
    step: z.number().gt(0).lt(10).default(0.03),
    /** Entries at most. */
    entries: z.number().int().min(1).max(100).default(4),
    /** Fall from the best close that ends it, as a fraction. */
    trail: z.number().gt(0).lt(1).default(0.08),
  }),
  indicators: ({ length }, build) => ({ average: build.ema(length) }),
  state: () => ({ entries: 0, last: 0, best: 0 }),
  onBar(ctx) {
    const { state, close } = ctx;
    const { step, entries, trail } = ctx.parameters;
    if (ctx.isFlat) {
      const { average } = ctx.indicators;
      if (!(ctx.candles.close(1) <= average.previous && close > average.value)) return;
      Object.assign(state, { entries: 1, last: close, best: close });
      ctx.buy({ fraction: 1 / entries, tag: 'first' });
      return;
    }
    state.best = Math.max(state.best, close);
    if (close < state.best * (1 - trail)) {
      ctx.exit('trailing stop');
    } else if (state.entries < entries && close >= state.last * (1 + step)) {
      state.entries++;
      state.last = close;
      ctx.buy({ fraction: 1 / entries, tag: 'added' });
    }
  },
});
