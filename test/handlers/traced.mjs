import './tracer.mjs';
import { trace } from '@opentelemetry/api';
import { defineHandlers } from 'millrace/define';
import { Audited, Noted } from './events.mjs';

/** Registers the test tracer on the lane's thread. Its own handler has a span of its own, and emits inside it. */
export default defineHandlers('traced', (on) => {
  on(Noted, async ({ data: { note } }, ctx) => {
    await null;
    trace.getTracer('user').startActiveSpan('score', (span) => {
      ctx.emit(Audited({ audit: `audit-${note}`, amount: 1 }));
      span.end();
    });
  });
});
