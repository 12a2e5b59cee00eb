import { z } from 'zod';
import { defineStrategy } from '../define.js';

/** Crash and surge detection: buys after a surge, sells short after a crash, and leaves after a while. */
export default defineStrategy({
  name: 'surge',
  description: 'Follows surges, and crashes downwards, for a number of candles.',
  parameters: z.object({
    window: z.number().int().min(1).max(10_000).default(3),
    /** Change over the window that counts, as a fraction. */
    size: z.number().gt(0).lt(10).default(0.04),
    /** Candles that a position is held. */
    hold: z.number().int().min(1).max(100_000).default(10),
    stop: z.number().gt(0).lt(1).default(0.05),
  }),
  indicators: ({ window }, build) => ({ change: build.change(window) }),
  onBar(ctx) {
    const { size, hold, stop } = ctx.parameters;
    const change = ctx.indicators.change.value;
    if (!ctx.isFlat) {
      if (ctx.heldFor >= hold) ctx.exit('time is over');
      return;
    }
    if (Math.abs(change) < size) return;
    const surges = change > 0;
    ctx.signal(surges ? 'BUY' : 'SELL', { reason: surges ? 'surge' : 'crash', indicators: { change } });
    ctx.target(surges ? 1 : -1, { stopLossFraction: stop });
  },
});
