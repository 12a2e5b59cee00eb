import type { Engine, EngineOptions } from 'millrace';
import { describe, expect, test } from 'vitest';
import { oneTo } from '../../support/collect.js';
import { handledNumbers, numbered, openCurable } from '../../support/curable.js';
import { EXECUTORS } from '../../support/executors.js';
import { Illness } from '../../support/illness.js';
import { openForTests } from '../../support/open-test-engine.js';
import { unfinishedStore } from '../../support/unfinished-store.js';

const BACKLOG = oneTo(500);
const CLOSED = { code: 'MILLRACE_CLOSED' };

/** So few at a time that the backlog is under way for long. */
const FEW = { maxInFlight: 8 } as const;

/** Whether the backlog is handled by now. */
function watch(engine: Engine): { done: boolean } {
  const watched = { done: false };
  engine.recovered.then(
    () => {
      watched.done = true;
    },
    () => {},
  );
  return watched;
}

describe.each(EXECUTORS)('an engine with a backlog: %i threads', (threads) => {
  const reopen = (store: Partial<EngineOptions>, options: Partial<EngineOptions> = {}) =>
    openCurable({ ...store, threads, ...FEW, ...options }, new Illness());

  test('opens at once, and a key without backlog is handled at once; one with backlog behind it', async () => {
    const { engine } = await reopen(await unfinishedStore(numbered('old', BACKLOG)));
    const recovered = watch(engine);
    await engine.publish(numbered('new', [1])[0] as never, { until: 'handled' });
    expect(recovered.done).toBe(false);
    const behind = engine.publish(numbered('old', [2000])[0] as never, { until: 'handled' });
    const many = engine.publishMany(numbered('old', [2001, 2002]), { until: 'handled' });
    expect(engine.stats()).toMatchObject({ state: 'open' });
    expect(engine.health().status).not.toBe('UNHEALTHY');
    expect(engine.metrics.snapshot().queue.inFlight).toBeGreaterThan(0);
    await Promise.all([engine.recovered, behind, many]);
    expect(await handledNumbers(engine, 'old')).toEqual([...BACKLOG, 2000, 2001, 2002]);
    await engine.drain();
    expect(engine.stats()).toMatchObject({ inFlight: 0, parkedKeys: 0 });
  });

  test('holds no more of it in memory than its limits say', async () => {
    const { engine } = await reopen(await unfinishedStore(numbered('old', oneTo(300))));
    const recovered = watch(engine);
    let most = 0;
    while (!recovered.done) {
      most = Math.max(most, engine.stats().inFlight);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(most).toBeGreaterThan(0);
    // Each one may have emitted another, which is in flight until it is durable.
    expect(most).toBeLessThanOrEqual(2 * FEW.maxInFlight);
  });

  test('drain waits for it, and so does the opening when it is asked to', async () => {
    const store = await unfinishedStore(numbered('old', oneTo(100)));
    const { engine } = await reopen(store);
    await engine.drain();
    expect(await handledNumbers(engine, 'old')).toEqual(oneTo(100));
    await engine.close();
    const { engine: other } = await reopen(await unfinishedStore(numbered('old', oneTo(100))), {
      until: 'recovered',
    });
    expect(other.stats()).toMatchObject({ inFlight: 0 });
    expect(await handledNumbers(other, 'old')).toEqual(oneTo(100));
    await other.recovered;
  });

  test('closes in the middle of it; the rest, and what came behind it, is handled after the next open', async () => {
    const store = await unfinishedStore(numbered('old', BACKLOG));
    const { engine } = await reopen(store);
    const behind = engine.publish(numbered('old', [2000])[0] as never, { until: 'handled' });
    const isSentAway = expect(behind).rejects.toMatchObject(CLOSED);
    const isCutShort = expect(engine.recovered).rejects.toMatchObject(CLOSED);
    await engine.publish(numbered('new', [1])[0] as never, { until: 'handled' });
    await engine.close();
    await Promise.all([isSentAway, isCutShort]);
    expect(engine.stats().handled).toBeLessThan(BACKLOG.length);
    const { engine: next } = await reopen(store, { maxInFlight: 1000 });
    await next.recovered;
    expect(await handledNumbers(next, 'old')).toEqual([...BACKLOG, 2000]);
    expect(await handledNumbers(next, 'new')).toEqual([1]);
  });

  test('parks a key of it, with what came behind it', async () => {
    const store = await unfinishedStore([...numbered('bad', [3001, 3002]), ...numbered('old', BACKLOG)]);
    const illness = new Illness(3001);
    const { engine } = await openCurable({ ...store, threads, ...FEW }, illness);
    const behind = engine.publish(numbered('bad', [3003])[0] as never, { until: 'handled' });
    await expect(behind).rejects.toMatchObject({ code: 'MILLRACE_KEY_PARKED' });
    illness.end(3001);
    const [letter] = await engine.deadLetters.list();
    await engine.deadLetters.retry(letter?.position ?? 0);
    await engine.recovered;
    await engine.drain();
    expect(await handledNumbers(engine, 'bad')).toEqual([3001, 3002, 3003]);
    expect(await handledNumbers(engine, 'old')).toEqual(BACKLOG);
    expect(engine.stats()).toMatchObject({ inFlight: 0, parkedKeys: 0 });
  });
});

test('without a backlog an engine has recovered when it opens', async () => {
  const engine = await openForTests();
  await engine.recovered;
  await engine.close();
});

test('an option until that is none is refused', async () => {
  await expect(openForTests({ until: 'later' as never })).rejects.toMatchObject({
    code: 'MILLRACE_INVALID_OPTION',
  });
});
