import { defineEvent, defineHandlers } from 'millrace/define';
import { z } from '#zod';
import { Noted, Parking } from './events.mjs';

const Unregistered = defineEvent('stray.unregistered', {
  schema: z.object({ id: z.string() }),
  aggregateId: (data) => data.id,
});

/** Emits what must not be emitted: which, says the id of the event. */
export default defineHandlers('bad-emitter', (on) => {
  on(Parking, ({ data: { id } }, ctx) => {
    const emit = {
      unregistered: () => ctx.emit(Unregistered({ id })),
      mismatch: () => ctx.emit(Noted({ note: /** @type {never} */ (7) })),
      unsupported: () => ctx.emit(Noted({ note: id, value: () => {} })),
      large: () => ctx.emit(Noted({ note: id, value: 'x'.repeat(17 * 1024 * 1024) })),
      plain: () => ctx.emit(/** @type {never} */ ({ type: 'note.noted', data: { note: id } })),
      name: () => ctx.emit(Noted({ note: '' })),
      time: () => ctx.emit(Noted({ note: id }, { occurredAt: Number.NaN })),
    }[id];
    emit?.();
  });
});
