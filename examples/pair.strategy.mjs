import { defineStrategy } from 'millrace/backtest';
import { z } from 'zod';

/** Two markets: long the one that has risen less, short the one that has risen more, until both are even again. */
export default defineStrategy({
  name: 'pair',
  description: 'Long the weaker of two markets and short the stronger one, until they are even.',
  parameters: z.object({
    length: z.number().int().min(2).max(500).default(20),
    /** By how much they must part: 0.05 is five percent. */
    apart: z.number().gt(0).lt(1).default(0.05),
  }),
  // Over the candles of each market.
  indicators: ({ length }, build) => ({ risen: build.change(length) }),
  onBar(ctx) {
    const [one, other] = ctx.markets.map((name) => ctx.market(name));
    // Both must have closed now: what one of them was worth an hour ago is no news.
    if (!one?.isNew || !other?.isNew || !other.isWarm) return;
    const apart = one.indicators.risen.value - other.indicators.risen.value;
    if (Math.abs(apart) > ctx.parameters.apart && one.isFlat && other.isFlat) {
      // The weaker one is bought.
      one.target(apart > 0 ? -0.45 : 0.45);
      other.target(apart > 0 ? 0.45 : -0.45);
    }
    if (one.isLong ? apart >= 0 : apart <= 0) {
      one.exit();
      other.exit();
    }
    ctx.record('apart', apart);
  },
});
