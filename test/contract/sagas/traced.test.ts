import { openTelemetry } from 'millrace/otel';
import { expect, test } from 'vitest';
import '../../handlers/tracer.mjs';
import { Added } from '../../handlers/saga-box.mjs';
import { collect } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { hearSpans } from '../../support/heard-spans.js';
import { handlers } from '../../support/open-test-engine.js';
import { asked, openSaga } from '../../support/sagas.js';

test.each(
  INLINE_AND_THREADS,
)('a trace goes from a handler into the events of its command, %i threads', async (threads) => {
  const spans = hearSpans();
  const engine = await openSaga({
    threads,
    handlers: [handlers('saga-traced')],
    tracing: openTelemetry(),
  });
  await engine.publish(asked('k', [{ to: 'a', n: 1 }]));
  await engine.drain();
  const ended = await spans.until(2);
  const handled = ended.find(({ name }) => name === 'process saga.asked');
  const heard = ended.find(({ name }) => name === 'process saga.added');
  const [added] = await collect(engine, { types: [Added] });
  const [, traceId, spanId] = String(added?.metadata.traceparent).split('-');
  expect({ traceId, spanId }).toEqual({ traceId: handled?.traceId, spanId: handled?.spanId });
  expect(heard).toMatchObject({ traceId, parentId: spanId });
});
