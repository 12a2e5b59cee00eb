import { openEngine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Posted } from '../../handlers/posted.mjs';
import { collect } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const AT = { occurredAt: 1 };
const BAD = 'MILLRACE_NOT_DETERMINISTIC';

describe.each(INLINE_AND_THREADS)('in deterministic mode a bad event fails alone: %i threads', (threads) => {
  const options = { events: [Posted], handlers: [handlers('posted')], deterministic: true, threads };

  test('a handler that emits to an aggregate of another key fails, and its later events wait', async () => {
    const store = tempStore();
    const engine = await openEngine({ ...options, store, durability: 'os' });
    await engine.publish(Posted({ id: 'x', key: 'a' }, AT), { until: 'handled' });
    const bad = engine.publish(Posted({ id: 'y', key: 'b', emit: ['y', 'x'] }, AT), { until: 'handled' });
    const later = engine.publish(Posted({ id: 'y', key: 'b', emit: ['y'] }, AT));
    await expect(bad).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_FAILED', cause: { code: BAD } });
    await later;
    await engine.drain();
    expect(engine.stats()).toMatchObject({ state: 'open', emitted: 0, parkedKeys: 1 });
    await engine.close();

    const again = await openTestEngine({ ...options, store, durability: 'os' });
    await again.drain();
    expect(await again.deadLetters.list()).toMatchObject([{ position: 2, error: { code: BAD } }]);
    await again.deadLetters.discard(2);
    await again.drain();
    const all = await collect(again, { aggregateId: 'y' });
    expect(all.map(({ version }) => version)).toEqual([1, 2, 3]);
    expect(again.stats()).toMatchObject({ state: 'open', emitted: 1, parkedKeys: 0 });
  });

  test('what offer said yes to is never refused later', async () => {
    const engine = await openTestEngine(options);
    const busy = Posted({ id: 'busy', key: 'a', pause: true }, AT);
    expect(engine.offer(busy)).toBe(true);
    expect(engine.offer(Posted({ id: 'x', key: 'a' }, AT))).toBe(true);
    // The one before has the aggregate, though it has no number yet.
    const taken = () => engine.offer(Posted({ id: 'x', key: 'b' }, AT));
    expect(taken).toThrow(expect.objectContaining({ code: BAD }));
    const large = Posted({ id: 'large', key: 'a', value: 'x'.repeat(17 * 1024 * 1024) }, AT);
    expect(() => engine.offer(large)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_PAYLOAD_TOO_LARGE' }),
    );
    const many = engine.publishMany([busy, Posted({ id: 'x', key: 'b' }, AT)]);
    await expect(many).rejects.toMatchObject({ code: BAD });
    await engine.drain();
    expect(engine.stats().state).toBe('open');
    expect((await collect(engine)).map(({ aggregateId }) => aggregateId)).toEqual(['busy', 'x', 'busy']);
  });
});

test('an event that was refused does not bind its aggregate to its key', async () => {
  const engine = await openTestEngine({ events: [Posted], deterministic: true });
  const large = Posted({ id: 'x', key: 'a', value: 'x'.repeat(17 * 1024 * 1024) }, AT);
  await expect(engine.publish(large)).rejects.toMatchObject({ code: 'MILLRACE_PAYLOAD_TOO_LARGE' });
  expect(await engine.publish(Posted({ id: 'x', key: 'b' }, AT))).toEqual({ position: 1, version: 1 });
});
