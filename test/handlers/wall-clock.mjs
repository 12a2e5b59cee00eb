import { setTimeout as sleep } from 'node:timers/promises';
import { defineHandlers } from 'millrace/define';
import { Endangered, Survived } from './events.mjs';

const HOUR = 3_600_000;
const { now } = Date;

export default defineHandlers('wall-clock', (on) => {
  on(
    Endangered,
    async ({ data: { id, number, peril } }, ctx) => {
      // The machine's clock is set, back before an endless loop and else on.
      const change = peril === 'loop' ? -HOUR : HOUR;
      Date.now = () => now() + change;
      if (ctx.attempt === 1 && peril === 'loop') while (true);
      await sleep(1);
      ctx.signal.throwIfAborted();
      ctx.emit(Survived({ id, number, attempt: ctx.attempt, lane: ctx.lane }));
    },
    {
      retries: 1,
      retryDelayMs: 1,
      timeoutMs: Number(new URL(import.meta.url).searchParams.get('timeoutMs')),
    },
  );
});
