import { defineHandlers } from 'millrace';
import { Crossed, Seen, Stepped } from './state-events.mjs';

/** Emits to the aggregate that an event names; on the second try to the one that has its key's name. */
export default defineHandlers('crossing', (on) => {
  on(Stepped, { state: Seen, retries: 1, retryDelayMs: 1 }, ({ data }, seen, ctx) => {
    const id = ctx.attempt === 1 ? (data.do ?? data.key) : data.key;
    ctx.emit(Crossed({ id, key: data.key, seen: seen + 1 }));
    return seen + 1;
  });
});
