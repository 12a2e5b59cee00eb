import { z } from 'zod';
import { defineStrategy } from '../define.js';

/** Adds to what loses, and leaves when the average entry has been exceeded; the stop keeps it from ruin. */
export default defineStrategy({
  name: 'averaging-down',
  description: 'Buys more of what has fallen, and sells all at a gain on the average entry.',
  parameters: z.object({
    /** Fall over this many candles that begins it: a crash. */
    window: z.number().int().min(1).max(10_000).default(5),
    /** How deep the crash must be, as a fraction. */
    crash: z.number().gt(0).lt(1).default(0.05),
    /** Further fall between two entries, as a fraction of the last one's price. */
    step: z.number().gt(0).lt(1).default(0.05),
    /** Entries at most. */
    entries: z.number().int().min(1).max(100).default(4),
    /** Gain on the average entry at which all is sold, as a fraction. */
    gain: z.number().gt(0).lt(10).default(0.04),
    /** Loss on the average entry at which all is sold, as a fraction. */
    stop: z.number().gt(0).lt(1).default(0.3),
  }),
  indicators: ({ window }, build) => ({ change: build.change(window) }),
  state: () => ({ entries: 0, last: 0 }),
  onBar(ctx) {
    const { state, close } = ctx;
    const { crash, step, entries, gain, stop } = ctx.parameters;
    if (ctx.isFlat) {
      if (!(ctx.indicators.change.value <= -crash)) return;
      ctx.signal('BUY', { reason: 'crash', indicators: { change: ctx.indicators.change.value } });
      Object.assign(state, { entries: 1, last: close });
      ctx.buy({ fraction: 1 / entries, tag: 'crash' });
      return;
    }
    const result = close / ctx.entryPrice - 1;
    if (result >= gain) ctx.exit('gain');
    else if (result <= -stop) ctx.exit('stop');
    else if (state.entries < entries && close <= state.last * (1 - step)) {
      state.entries++;
      state.last = close;
      ctx.buy({ fraction: 1 / entries, tag: 'more' });
    }
  },
});
