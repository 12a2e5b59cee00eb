import type { MillraceError } from 'millrace';
import { retryDeadLetters } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Parking } from '../../handlers/events.mjs';
import { collect } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const failing = (number: number, async = false) => Parking({ id: 'bad', number, failures: 1000, async });

describe.each(INLINE_AND_THREADS)('a key whose retries are used up: %i threads', (threads) => {
  const open = (options = {}) => openTestEngine({ threads, handlers: [handlers('failing')], ...options });

  test.each([false, true])('is parked with what was thrown (async: %s)', async (async) => {
    const engine = await open();
    const published = engine.publish(failing(1, async), { until: 'handled' });
    const error: MillraceError = await published.then(
      () => expect.fail('it was handled'),
      (thrown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'MILLRACE_HANDLER_FAILED',
      details: { type: 'failing.parking', position: 1, key: 'bad', attempts: 3 },
      cause: { name: 'RangeError', code: 'E_TRY', message: 'try 3 of bad' },
    });
    expect((error.cause as Error).stack).toContain('failing.mjs');
  });

  test('holds the events behind it, lets other keys go on, and drain resolves', async () => {
    const engine = await open();
    const outcomes = await Promise.allSettled(
      [failing(1), Parking({ id: 'bad', number: 2 }), Parking({ id: 'good', number: 1 })].map((event) =>
        engine.publish(event, { until: 'handled' }),
      ),
    );
    expect(
      outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'handled')),
    ).toEqual(['MILLRACE_HANDLER_FAILED', 'MILLRACE_KEY_PARKED', 'handled']);
    await engine.drain();
    expect(engine.stats()).toMatchObject({
      state: 'open',
      parkedKeys: 1,
      inFlight: 0,
      handled: 2,
      failed: 3,
    });
  });

  test.each([
    'durable',
    'accepted',
  ] as const)('takes later events in and does not run them: %s', async (dispatch) => {
    const engine = await open({ dispatch });
    await engine.publish(failing(1), { until: 'handled' }).catch(() => {});
    expect(await engine.publish(Parking({ id: 'bad', number: 2 }))).toEqual({ position: 2, version: 2 });
    const behind = engine.publish(Parking({ id: 'bad', number: 3 }), { until: 'handled' });
    await expect(behind).rejects.toMatchObject({ code: 'MILLRACE_KEY_PARKED', details: { key: 'bad' } });
    await engine.drain();
    expect(engine.stats()).toMatchObject({ parkedKeys: 1, inFlight: 0, emitted: 0, lastPosition: 3 });
  });

  test('publishMany until handled ends, and says what is parked', async () => {
    const engine = await open();
    await expect(engine.publishMany([failing(1), failing(2)], { until: 'handled' })).rejects.toMatchObject({
      code: 'MILLRACE_PUBLISH_MANY',
      receipt: { count: 2 },
      failed: 2,
    });
  });

  test('stays parked over a reopen until it is retried, and is then handled in order, before what comes then', async () => {
    const store = tempStore();
    const first = await open({ store, durability: 'os' });
    await first.publishMany([failing(1), failing(2), Parking({ id: 'good', number: 1 })]);
    await first.drain();
    await first.publish(failing(3));
    await first.close();

    const stillBad = await open({ store, durability: 'os' });
    await stillBad.drain();
    expect(stillBad.stats()).toMatchObject({ parkedKeys: 1, handled: 0 });
    await stillBad.close();
    expect(retryDeadLetters(store, 'all')).toEqual([1]);

    const healed = await open({ store, durability: 'os', shared: { healed: true } });
    await healed.publish(failing(4));
    await healed.drain();
    const tried = await collect(healed, { aggregateId: 'tried-bad' });
    expect(tried.map(({ data }) => data)).toEqual(
      [1, 2, 3, 4].map((number) => ({ id: 'bad', number, attempt: 1 })),
    );
    expect(await collect(healed, { aggregateId: 'tried-good' })).toHaveLength(1);
    expect(healed.stats()).toMatchObject({ parkedKeys: 0, inFlight: 0 });
  });
});
