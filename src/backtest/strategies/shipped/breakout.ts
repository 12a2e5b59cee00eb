import { z } from 'zod';
import { defineStrategy } from '../define.js';

/** Buys with a stop order above the highest high of the last candles, sized so that its first stop costs a fixed part. */
export default defineStrategy({
  name: 'breakout',
  description: 'Breakout above the highest high, sized by risk, left by a trailing stop.',
  parameters: z.object({
    /** Candles whose highest high must be exceeded. */
    length: z.number().int().min(2).max(10_000).default(20),
    /** Candles of the average true range. */
    range: z.number().int().min(1).max(10_000).default(14),
    /** Distance of the trailing stop in average true ranges. */
    distance: z.number().gt(0).max(100).default(3),
    /** Fraction of the equity that is lost when the first stop is hit. */
    risk: z.number().gt(0).lt(1).default(0.02),
  }),
  indicators: ({ length, range }, build) => ({ top: build.highest(length, 'high'), range: build.atr(range) }),
  onBar(ctx) {
    if (!ctx.isFlat) return;
    const { top, range } = ctx.indicators;
    const { distance, risk } = ctx.parameters;
    const away = range.value * distance;
    // The stop moves down with the channel, so the order is made anew on each candle.
    ctx.cancelAll();
    if (!(away > 0 && top.value > away)) return;
    ctx.buy({ stop: top.value, risk, stopLoss: top.value - away, trailing: away, tag: 'breakout' });
  },
});
