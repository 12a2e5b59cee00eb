import { z } from 'zod';
import { defineStrategy } from '../define.js';

/** Always in the market: long while the fast average is above the slow one, short (or flat) while it is below. */
export default defineStrategy({
  name: 'ma-cross',
  description: 'Moving-average cross, long and short, with a trailing stop.',
  parameters: z
    .object({
      fast: z.number().int().min(1).max(10_000).default(20),
      slow: z.number().int().min(2).max(10_000).default(50),
      /** Distance of the trailing stop as a fraction of the best price; 0 for none. */
      trail: z.number().min(0).lt(1).default(0.1),
      /** Whether it sells short below the slow average. */
      short: z.boolean().default(true),
    })
    .refine(({ fast, slow }) => fast < slow, { error: 'fast must be below slow' }),
  indicators: ({ fast, slow }, build) => ({ fast: build.sma(fast), slow: build.sma(slow) }),
  onBar(ctx) {
    const { fast, slow } = ctx.indicators;
    const { trail, short } = ctx.parameters;
    const exits = trail > 0 ? { trailingFraction: trail } : {};
    if (fast.crossedAbove(slow)) {
      ctx.signal('BUY', { reason: 'fast_crossed_above_slow' });
      ctx.target(1, exits);
    } else if (fast.crossedBelow(slow)) {
      ctx.signal('SELL', { reason: 'fast_crossed_below_slow' });
      if (short) ctx.target(-1, exits);
      else ctx.exit();
    }
    ctx.record('fast', fast.value, 'price');
    ctx.record('slow', slow.value, 'price');
  },
});
