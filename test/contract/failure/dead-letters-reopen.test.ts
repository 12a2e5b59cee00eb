import type { EngineOptions } from 'millrace';
import { discardDeadLetters, retryDeadLetters } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Parking, Skipping } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { handledNumbers, numbered, openCurable } from '../../support/curable.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { Gate } from '../../support/gate.js';
import { Illness } from '../../support/illness.js';
import { handlers } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const NOT_FOUND = { code: 'MILLRACE_DEAD_LETTER_NOT_FOUND' };

describe.each(INLINE_AND_THREADS)('dead letters of a store that was closed: %i threads', (threads) => {
  const illness = () => new Illness(1);

  /** A store with one parked key, one skipped event, and nothing else that is unfinished. */
  async function closedStore(): Promise<Partial<EngineOptions>> {
    const options = { threads, store: tempStore(), durability: 'os' } as const;
    const { engine } = await openCurable(options, illness());
    await engine.publishMany([
      ...numbered('bad', [1, 2, 3]),
      ...[1, 2].map((number) => Skipping({ id: 'skipped', number })),
      ...numbered('good', [4, 5]),
    ]);
    await engine.drain();
    await engine.publishMany(numbered('bad', [4]));
    await engine.close();
    return options;
  }

  test('stay: the key is parked as before, and takes part in nothing until somebody decides', async () => {
    const options = await closedStore();
    for (const round of [1, 2]) {
      const { engine, notices } = await openCurable(options);
      await engine.drain();
      expect(engine.stats()).toMatchObject({ parkedKeys: 1, handled: 0, inFlight: 0 });
      expect(engine.health().status).toBe('DEGRADED');
      expect(await engine.deadLetters.list()).toMatchObject([
        { position: 1, key: 'bad', state: 'parked', attempts: 2, error: { code: 'E_ILL' }, retry: false },
        {
          position: 4,
          key: 'skipped',
          state: 'skipped',
          attempts: 1,
          error: { code: 'E_ILL' },
          retry: false,
        },
      ]);
      const behind = engine.publish(Parking({ id: 'bad', number: 4 + round }), { until: 'handled' });
      await expect(behind).rejects.toMatchObject({ code: 'MILLRACE_KEY_PARKED', details: { position: 1 } });
      expect(notices).toEqual([]);
      await engine.close();
    }
    const { engine } = await openCurable(options);
    await engine.deadLetters.retry(1);
    await engine.drain();
    expect(await handledNumbers(engine, 'bad')).toEqual(oneTo(6));
    expect(engine.stats()).toMatchObject({ parkedKeys: 0, inFlight: 0 });
    await engine.close();
    const { engine: last } = await openCurable(options);
    expect(await last.deadLetters.list()).toMatchObject([{ position: 4, state: 'skipped' }]);
    expect(last.stats()).toMatchObject({ parkedKeys: 0 });
  });

  test('do not stop what else was unfinished', async () => {
    const options = { threads, store: tempStore(), durability: 'os' } as const;
    const { engine } = await openCurable(options, new Illness(1, 2));
    await engine.publishMany([...numbered('bad', [1]), ...numbered('other', [2, 3])]);
    await engine.drain();
    await engine.close();
    retryDeadLetters(options.store, [2]);
    const { engine: next } = await openCurable(options);
    await next.drain();
    expect(await handledNumbers(next, 'other')).toEqual([2, 3]);
    expect(await next.deadLetters.list()).toMatchObject([{ position: 1, key: 'bad' }]);
    expect(next.stats()).toMatchObject({ parkedKeys: 1, inFlight: 0 });
  });

  test('retried offline are the first thing that the next engine does', async () => {
    const options = await closedStore();
    expect(retryDeadLetters(options.store ?? '', 'all')).toEqual([1, 4]);
    const { engine } = await openCurable(options);
    await engine.drain();
    expect(await handledNumbers(engine, 'bad')).toEqual([1, 2, 3, 4]);
    expect(await handledNumbers(engine, 'skipped')).toEqual([2, 1]);
    expect(await engine.deadLetters.list()).toEqual([]);
    expect(engine.stats()).toMatchObject({ parkedKeys: 0, inFlight: 0, failed: 0 });
  });

  test('retried offline and still ill are dead letters again, with all their attempts', async () => {
    const options = await closedStore();
    retryDeadLetters(options.store ?? '', [1, 4]);
    const { engine } = await openCurable(options, illness());
    await engine.drain();
    expect(await engine.deadLetters.list()).toMatchObject([
      { position: 1, state: 'parked', attempts: 4, retry: false },
      { position: 4, state: 'skipped', attempts: 2, retry: false },
    ]);
    expect(await handledNumbers(engine, 'bad')).toEqual([]);
    await engine.close();
    const { engine: next } = await openCurable(options);
    await next.drain();
    expect(next.stats()).toMatchObject({ parkedKeys: 1, handled: 0 });
  });

  test('retried offline cannot be retried or discarded while that goes on', async () => {
    const options = { threads, store: tempStore(), durability: 'os' } as const;
    const { engine: first } = await openCurable(options, illness());
    await first.publishMany([
      ...numbered('bad', [1, 2], true),
      Skipping({ id: 'skipped', number: 1, async: true }),
    ]);
    await first.drain();
    await first.close();
    retryDeadLetters(options.store, 'all');
    const gate = new Gate();
    const { shared } = illness();
    const { engine } = await openCurable({
      ...options,
      concurrency: 2,
      shared: { ...shared, ...gate.shared },
    });
    for (const position of [1, 3]) {
      await expect(engine.deadLetters.retry(position)).rejects.toMatchObject(NOT_FOUND);
      await expect(engine.deadLetters.discard(position)).rejects.toMatchObject(NOT_FOUND);
    }
    expect(engine.stats().parkedKeys).toBe(0);
    gate.open();
    await engine.drain();
    expect(await engine.deadLetters.list()).toMatchObject([{ attempts: 4 }, { attempts: 2 }]);
    expect(engine.stats().parkedKeys).toBe(1);
  });

  test('discarded offline are gone, and their key goes on', async () => {
    const options = await closedStore();
    expect(discardDeadLetters(options.store ?? '', 'all')).toEqual([1, 4]);
    const { engine } = await openCurable(options, illness());
    await engine.drain();
    expect(await handledNumbers(engine, 'bad')).toEqual([2, 3, 4]);
    expect(await engine.deadLetters.list()).toEqual([]);
  });

  test('whose event nobody handles any more are over when they are retried', async () => {
    const options = await closedStore();
    const { engine } = await openCurable({ ...options, handlers: [] });
    await engine.deadLetters.retry(1);
    await engine.deadLetters.retry(4);
    expect(await engine.deadLetters.list()).toEqual([]);
    await engine.drain();
    expect(engine.stats()).toMatchObject({ parkedKeys: 0, inFlight: 0 });
    await engine.close();
    const { engine: next } = await openCurable(options);
    await next.drain();
    expect(next.stats()).toMatchObject({ handled: 0, parkedKeys: 0 });
  });

  test('that were skipped never park their key, whatever the policy is by now', async () => {
    const options = await closedStore();
    const module = handlers('curable');
    module.searchParams.set('policy', 'park');
    const { engine, illness: sick } = await openCurable({ ...options, handlers: [module] }, illness());
    await expect(engine.deadLetters.retry(4)).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_FAILED' });
    expect(await engine.deadLetters.list()).toMatchObject([
      { position: 1 },
      { position: 4, state: 'skipped' },
    ]);
    sick.end(1);
    await engine.deadLetters.retry(4);
    expect(await handledNumbers(engine, 'skipped')).toEqual([2, 1]);
    expect(engine.stats().parkedKeys).toBe(1);
  });
});
