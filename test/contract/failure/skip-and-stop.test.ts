import { describe, expect, test } from 'vitest';
import { Skipping, Stopping } from '../../handlers/events.mjs';
import { collect } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { liveThreads } from '../../support/live-threads.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

describe.each(INLINE_AND_THREADS)('skip: %i threads', (threads) => {
  test('the failed event counts as finished, the later ones of its key go on', async () => {
    const store = tempStore();
    const options = { threads, store, durability: 'os', handlers: [handlers('failing')] } as const;
    const engine = await openTestEngine(options);
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map((number) =>
        engine.publish(Skipping({ id: 'a', number, failures: number === 2 ? 1000 : 0 }), {
          until: 'handled',
        }),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'MILLRACE_HANDLER_FAILED' } });
    await engine.drain();
    const tried = await collect(engine, { aggregateId: 'tried-a' });
    expect(tried.map(({ data }) => (data as { number: number }).number)).toEqual([1, 3]);
    expect(engine.stats()).toMatchObject({ skipped: 1, failed: 1, handled: 5, parkedKeys: 0 });
    await engine.close();

    const reopened = await openTestEngine(options);
    await reopened.drain();
    expect(reopened.stats()).toMatchObject({ handled: 0, skipped: 0, failed: 0 });
  });
});

describe.each(INLINE_AND_THREADS)('stop: %i threads', (threads) => {
  const FAILED = { code: 'MILLRACE_FAILED', cause: { code: 'MILLRACE_HANDLER_FAILED' } };

  test('the engine fails, says why to everybody, and still lets go of everything', async () => {
    const store = tempStore();
    const options = { threads, store, durability: 'os', handlers: [handlers('failing')] } as const;
    const engine = await openTestEngine(options);
    const stopping = Stopping({ id: 'a', number: 1, failures: 1000 });
    await expect(engine.publish(stopping, { until: 'handled' })).rejects.toMatchObject(FAILED);
    expect(engine.stats()).toMatchObject({ state: 'failed', failed: 2, retried: 1 });
    await expect(engine.publish(stopping)).rejects.toMatchObject(FAILED);
    await expect(engine.publishMany([stopping])).rejects.toMatchObject(FAILED);
    await expect(engine.drain()).rejects.toMatchObject(FAILED);
    await expect(engine.ready()).rejects.toMatchObject(FAILED);
    expect(() => engine.offer(stopping)).toThrow(expect.objectContaining({ code: 'MILLRACE_FAILED' }));
    await expect(engine.close()).rejects.toMatchObject(FAILED);
    expect(engine.stats().state).toBe('closed');
    expect(liveThreads()).toEqual([]);

    const healed = await openTestEngine({ ...options, shared: { healed: true } });
    await healed.drain();
    expect(await collect(healed, { aggregateId: 'tried-a' })).toHaveLength(1);
  });
});
