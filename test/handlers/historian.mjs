import { defineHandlers } from 'millrace';
import { Booked, Reviewed } from './history-events.mjs';

/** @type {(() => Promise<unknown>) | undefined} */
let left;

/**
 * @param {import('millrace').DomainEvent<Parameters<typeof Booked>[0]>} event
 * @param {import('millrace').HandlerContext} ctx
 */
async function review(event, ctx) {
  const { account, do: what } = event.data;
  if (what === 'read what was left') await left?.();
  if (what === 'no text') for await (const _ of ctx.history(/** @type {any} */ (7))) return;
  const of = what?.startsWith('of ') ? what.slice(3) : event.aggregateId;
  const seen = [];
  for await (const { version, type, data, key, id, metadata } of ctx.history(of)) {
    const { amount, bytes } = /** @type {any} */ (data);
    if (what === 'first') return ctx.emit(Reviewed({ account, of, seen: [version], attempt: 1 }));
    seen.push(what === 'whole' ? { version, type, key, id, metadata, bytes: [...bytes] } : amount);
  }
  if (what === 'fail once' && ctx.attempt === 1) throw new Error('once');
  ctx.emit(Reviewed({ account, of, seen, attempt: ctx.attempt }));
}

export default defineHandlers('historian', (on) => {
  on(
    Booked,
    // Not async by name: what ends at once is answered later than what another handler asks.
    (event, ctx) => {
      const { do: what } = event.data;
      if (what !== 'leave') return what === 'nothing' ? undefined : review(event, ctx);
      left = () => ctx.history(event.aggregateId)[Symbol.asyncIterator]().next();
      return undefined;
    },
    { retries: 1, retryDelayMs: 1, onFailure: 'skip' },
  );
});
