import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from '#zod';

/** As it was stored once; `how` says what its upcast does today. */
export const MovedBefore = defineEvent('moved.moved', {
  schema: z.object({ id: z.string(), how: z.string() }),
  aggregateId: (data) => data.id,
});

/** @param {unknown} old @returns {never} */
function upcast(old) {
  const { id, how } = /** @type {{ id: string, how: string }} */ (old);
  switch (how) {
    case 'throws':
      throw new RangeError('boom');
    case 'rejects':
      return /** @type {never} */ (Promise.reject(new RangeError('boom')));
    case 'invalid':
      return /** @type {never} */ ({ id, to: 5 });
    case 'function':
      return /** @type {never} */ ({ id, to: () => {} });
    case 'nothing':
      return /** @type {never} */ (undefined);
    default:
      return /** @type {never} */ ({ id, to: how });
  }
}

/** As it is today. */
export const Moved = defineEvent('moved.moved', {
  version: 2,
  schema: z.object({ id: z.string(), to: z.string() }),
  aggregateId: (data) => data.id,
  upcast,
});

/** Emitted for each event of today's form. */
export const Arrived = defineEvent('moved.arrived', {
  schema: z.object({ id: z.string(), to: z.string() }),
  aggregateId: (data) => `arrived-${data.id}`,
});

export default defineHandlers('upcasting', (on) => {
  on(Moved, ({ data: { id, to } }, ctx) => ctx.emit(Arrived({ id, to })));
});
