import { describe, expect, test } from 'vitest';
import { Parking } from '../../handlers/events.mjs';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';

describe.each(INLINE_AND_THREADS)('a handler that emits what it must not: %i threads', (threads) => {
  test.each([
    ['unregistered', 'MILLRACE_UNKNOWN_EVENT_TYPE'],
    ['plain', 'MILLRACE_UNKNOWN_EVENT_TYPE'],
    ['mismatch', 'MILLRACE_SCHEMA_MISMATCH'],
    ['unsupported', 'MILLRACE_UNSUPPORTED_PAYLOAD'],
    ['large', 'MILLRACE_PAYLOAD_TOO_LARGE'],
    ['name', 'MILLRACE_INVALID_NAME'],
    ['time', 'MILLRACE_INVALID_OPTION'],
  ])('%s: it fails with that cause, and its key is parked', async (id, code) => {
    const engine = await openTestEngine({ threads, handlers: [handlers('bad-emitter')] });
    const handled = engine.publish(Parking({ id, number: 1 }), { until: 'handled' });
    await expect(handled).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_FAILED', cause: { code } });
    await engine.drain();
    expect(engine.stats()).toMatchObject({ state: 'open', accepted: 1, emitted: 0, parkedKeys: 1 });
  });
});
