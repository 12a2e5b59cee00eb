import { z } from 'zod';
import { defineStrategy } from '../define.js';

/** Rests limit orders below the market; each that is filled is sold again one step higher, and then made anew. */
export default defineStrategy({
  name: 'grid',
  description: 'Buys at steps below the market with limit orders, and sells each part one step higher.',
  parameters: z.object({
    /** Distance of two levels, as a fraction of the price. */
    step: z.number().gt(0).lt(0.5).default(0.02),
    levels: z.number().int().min(1).max(100).default(5),
    /** Candles after which a grid that nothing came of follows the market. */
    patience: z.number().int().min(1).max(100_000).default(20),
  }),
  state: () => ({ madeAt: -1 }),
  onBar(ctx) {
    const { step, levels, patience } = ctx.parameters;
    if (!ctx.isFlat || (ctx.openOrders.length > 0 && ctx.index - ctx.state.madeAt < patience)) return;
    ctx.cancelAll();
    ctx.state.madeAt = ctx.index;
    for (let level = 1; level <= levels; level++) {
      const limit = ctx.close * (1 - step * level);
      if (limit > 0)
        ctx.buy({
          limit,
          value: ctx.equity / (levels + 1),
          takeProfit: limit * (1 + step),
          tag: `level ${level}`,
        });
    }
  },
});
