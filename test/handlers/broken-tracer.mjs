import { defineHandlers } from 'millrace/define';
import { Audited, Noted } from './events.mjs';
import { broken } from './tracer.mjs';

/** Breaks the tracer of its thread as it is told, and fails or not as the note says. */
export default defineHandlers(
  'broken-tracer',
  (on) => {
    on(
      Noted,
      ({ data: { note, value } }, ctx) => {
        ctx.emit(Audited({ audit: `audit-${note}`, amount: 1 }));
        const error = new RangeError('the real error');
        if (value === 'throws') throw error;
        if (value === 'rejects') return Promise.reject(error);
        return value === 'async' ? Promise.resolve() : undefined;
      },
      { onFailure: 'skip' },
    );
  },
  {
    onBroadcast: (what) => {
      broken.what = String(what);
    },
  },
);
