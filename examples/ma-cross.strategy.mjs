import { defineStrategy } from 'millrace/backtest';
import { z } from 'zod';

/** Long above, short below: two moving averages, and a trailing stop that may take it out in between. */
export default defineStrategy({
  name: 'my-ma-cross',
  description: 'Moving-average cross, long and short, with a trailing stop.',
  parameters: z
    .object({
      fast: z.number().int().min(2).max(500).default(10),
      slow: z.number().int().min(3).max(1000).default(50),
      /** Distance of the stop from the best price since the entry: 0.08 is eight percent. */
      trail: z.number().gt(0).lt(1).default(0.08),
    })
    .refine(({ fast, slow }) => fast < slow, { error: 'fast must be below slow' }),
  indicators: ({ fast, slow }, build) => ({ fast: build.sma(fast), slow: build.sma(slow) }),
  onBar(ctx) {
    const { fast, slow } = ctx.indicators;
    const exits = { trailingFraction: ctx.parameters.trail };
    // All of the equity on one side; the same order closes what is held on the other.
    if (fast.crossedAbove(slow)) ctx.target(1, exits);
    if (fast.crossedBelow(slow)) ctx.target(-1, exits);
    ctx.record('fast', fast.value, 'price');
    ctx.record('slow', slow.value, 'price');
  },
});
