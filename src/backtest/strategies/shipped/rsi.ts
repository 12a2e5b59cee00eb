import { z } from 'zod';
import { RSI_LENGTH_MAX, RSI_LENGTH_MIN } from '../../../limits.js';
import { defineStrategy } from '../define.js';

/**
 * Buys what has fallen: long only, one position at a time.
 *
 * The entry is a crossing, not a level: after a stop the RSI is usually still low, and a level would buy again the next
 * morning until the money is gone. The exit is a level, because a position must not stay open only because the crossing
 * fell on the candle of its entry.
 */
export default defineStrategy({
  name: 'rsi',
  description: 'RSI mean reversion: buys when the RSI falls below a level, sells when it is above another.',
  parameters: z
    .object({
      /** Closes that the RSI looks back on. */
      length: z.number().int().min(RSI_LENGTH_MIN).max(RSI_LENGTH_MAX).default(14),
      /** Buy when the RSI crosses from this level or above to below it. */
      entry: z.number().gt(0).lt(100).default(30),
      /** Sell when the RSI is above this level. */
      exit: z.number().gt(0).lt(100).default(60),
      /** Largest loss per position as a fraction of the entry price; 0 for no stop. */
      stop: z.number().min(0).lt(1).default(0.05),
    })
    .refine(({ entry, exit }) => exit > entry, { error: 'exit must be above entry' }),
  indicators: ({ length }, build) => ({ rsi: build.rsi(length) }),
  onBar(ctx) {
    const { entry, exit, stop } = ctx.parameters;
    const { rsi } = ctx.indicators;
    const now = rsi.value;
    if (ctx.isLong) {
      if (!(now > exit)) return;
      const strength = (now - exit) / (100 - exit);
      ctx.signal('SELL', { reason: 'rsi_above_exit', strength, indicators: { rsi: now } });
      ctx.exit();
    } else if (rsi.previous >= entry && now < entry) {
      const strength = (entry - now) / entry;
      ctx.signal('BUY', { reason: 'rsi_crossed_below_entry', strength, indicators: { rsi: now } });
      ctx.buy(stop > 0 ? { stopLossFraction: stop } : {});
    }
  },
});
