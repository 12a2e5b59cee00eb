import { z } from 'zod';
import { defineStrategy } from '../define.js';

/** What every other strategy has to beat: buys on the first candle, and waits. */
export default defineStrategy({
  name: 'buy-and-hold',
  description: 'Buys for all of the capital at the start, and holds to the end.',
  parameters: z.object({}),
  onBar(ctx) {
    if (ctx.index === 0) ctx.buy();
  },
});
