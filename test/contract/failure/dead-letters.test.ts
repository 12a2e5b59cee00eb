import { describe, expect, test } from 'vitest';
import { Noted, Parking, Skipping } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { handledNumbers, numbered, openCurable } from '../../support/curable.js';
import { storeFor } from '../../support/open-test-engine.js';

const NOT_FOUND = { code: 'MILLRACE_DEAD_LETTER_NOT_FOUND' };
const PARKED = { code: 'MILLRACE_KEY_PARKED' };
const INVALID = { code: 'MILLRACE_INVALID_OPTION' };

const SETTINGS = [
  { threads: 0, durability: 'memory' },
  { threads: 0, durability: 'os' },
  { threads: 2, durability: 'memory' },
] as const;

describe.each(SETTINGS)('dead letters: $threads threads, $durability', ({ threads, durability }) => {
  const open = (options = {}) => openCurable({ threads, ...storeFor(durability), ...options });

  describe('list', () => {
    test('shows everything about an event that failed', async () => {
      const { engine, illness, notices } = await open();
      illness.begin(1);
      const before = Date.now();
      await engine.publishMany([Noted({ note: 'first' }), ...numbered('bad', [1, 2])]);
      await engine.drain();
      const [letter, ...more] = await engine.deadLetters.list();
      expect(more).toEqual([]);
      expect(letter).toMatchObject({
        id: expect.stringMatching(/^[0-9a-f]{12}\/bad\/1$/),
        position: 2,
        type: 'failing.parking',
        aggregateId: 'bad',
        version: 1,
        key: 'bad',
        state: 'parked',
        attempts: 2,
        handler: 'curable',
        retry: false,
        error: { name: 'RangeError', message: 'number 1 of bad is ill', code: 'E_ILL' },
      });
      expect(letter?.error).toBeInstanceOf(Error);
      expect(letter?.error.stack).toContain('curable.mjs');
      const { lane = -1, firstFailedAt = 0, failedAt = 0 } = letter ?? {};
      expect(lane).toBeGreaterThanOrEqual(0);
      expect(lane).toBeLessThan(Math.max(1, threads));
      const times = [before, firstFailedAt, failedAt, Date.now()];
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(notices.filter(({ kind }) => kind === 'dead-letter')).toMatchObject([
        {
          kind: 'dead-letter',
          position: 2,
          key: 'bad',
          state: 'parked',
          attempts: 2,
          error: { code: 'MILLRACE_HANDLER_FAILED', cause: { code: 'E_ILL' } },
        },
      ]);
    });

    test('gives pages in position order', async () => {
      const { engine, illness } = await open();
      illness.begin(1);
      const keys = oneTo(130).map((number) => `key-${number}`);
      await engine.publishMany(
        keys.map((id, at) => (at % 2 ? Parking({ id, number: 1 }) : Skipping({ id, number: 1 }))),
      );
      await engine.drain();
      const pageOf = async (query: { after?: number; limit?: number }) =>
        (await engine.deadLetters.list(query)).map(({ position }) => position);
      expect(await pageOf({})).toEqual(oneTo(100));
      expect(await pageOf({ limit: 512 })).toEqual(oneTo(130));
      expect(await pageOf({ after: 100 })).toEqual(oneTo(130).slice(100));
      expect(await pageOf({ after: 7, limit: 3 })).toEqual([8, 9, 10]);
      expect(await pageOf({ after: 130 })).toEqual([]);
      const states = (await engine.deadLetters.list({ limit: 4 })).map(({ state }) => state);
      expect(states).toEqual(['skipped', 'parked', 'skipped', 'parked']);
    });

    test('refuses numbers outside their range', async () => {
      const { engine } = await open();
      const after = [-1, 1.5, Number.NaN, '1' as never].map((given) => ({ after: given }));
      const limit = [0, 513, 1.5, '5' as never].map((given) => ({ limit: given }));
      for (const query of [...after, ...limit]) {
        await expect(engine.deadLetters.list(query)).rejects.toMatchObject(INVALID);
      }
    });
  });

  describe('retry', () => {
    test('handles the event and what was held behind it, in order, once', async () => {
      const { engine, illness } = await open();
      illness.begin(1);
      await engine.publishMany([
        ...numbered('bad', oneTo(20)),
        ...numbered(
          'good',
          oneTo(5).map((n) => n + 1),
        ),
      ]);
      await engine.drain();
      await engine.publishMany(numbered('bad', [21, 22]));
      expect(engine.stats()).toMatchObject({ parkedKeys: 1, inFlight: 0 });
      expect(engine.health()).toMatchObject({
        status: 'DEGRADED',
        reasons: expect.arrayContaining([expect.stringContaining('1 key is parked')]),
      });
      illness.end(1);
      await engine.deadLetters.retry(1);
      expect(await engine.deadLetters.list()).toEqual([]);
      await engine.publishMany(numbered('bad', [23]));
      await engine.drain();
      expect(await handledNumbers(engine, 'bad')).toEqual(oneTo(23));
      expect(await handledNumbers(engine, 'good')).toEqual([2, 3, 4, 5, 6]);
      expect(engine.stats()).toMatchObject({ parkedKeys: 0, inFlight: 0, failed: 2 });
      expect(engine.health().reasons.join()).not.toContain('parked');
    });

    test('rejects when it fails again; its attempts add up', async () => {
      const { engine, illness } = await open();
      illness.begin(1);
      await engine.publishMany(numbered('bad', [1, 2]));
      await engine.drain();
      const [before] = await engine.deadLetters.list();
      await expect(engine.deadLetters.retry(1)).rejects.toMatchObject({
        code: 'MILLRACE_HANDLER_FAILED',
        cause: { code: 'E_ILL' },
      });
      await expect(engine.deadLetters.retry(1)).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_FAILED' });
      const [after, ...more] = await engine.deadLetters.list();
      expect(more).toEqual([]);
      expect(after).toMatchObject({ position: 1, attempts: 6, firstFailedAt: before?.firstFailedAt });
      expect(engine.stats()).toMatchObject({ parkedKeys: 1, failed: 6, inFlight: 0 });
      illness.end(1);
      await engine.deadLetters.retry(1);
      await engine.drain();
      expect(await handledNumbers(engine, 'bad')).toEqual([1, 2]);
    });

    test('parks the key once more behind the next event that fails', async () => {
      const { engine, illness } = await open();
      illness.begin(1, 3);
      await engine.publishMany(numbered('bad', oneTo(5)));
      await engine.drain();
      illness.end(1);
      await engine.deadLetters.retry(1);
      await engine.drain();
      expect(await engine.deadLetters.list()).toMatchObject([
        { position: expect.any(Number), version: 3, attempts: 2 },
      ]);
      expect(await handledNumbers(engine, 'bad')).toEqual([1, 2]);
      illness.end(3);
      const [{ position } = { position: 0 }] = await engine.deadLetters.list();
      await engine.deadLetters.retry(position);
      await engine.drain();
      expect(await handledNumbers(engine, 'bad')).toEqual(oneTo(5));
    });

    test('of a skipped one runs it behind what its key has done since', async () => {
      const { engine, illness } = await open();
      illness.begin(1);
      await engine.publishMany(oneTo(3).map((number) => Skipping({ id: 'bad', number })));
      await engine.drain();
      expect(await engine.deadLetters.list()).toMatchObject([{ position: 1, state: 'skipped', attempts: 1 }]);
      await expect(engine.deadLetters.retry(1)).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_FAILED' });
      expect(await engine.deadLetters.list()).toMatchObject([{ position: 1, state: 'skipped', attempts: 2 }]);
      illness.end(1);
      await engine.deadLetters.retry(1);
      expect(await engine.deadLetters.list()).toEqual([]);
      expect(await handledNumbers(engine, 'bad')).toEqual([2, 3, 1]);
      expect(engine.stats()).toMatchObject({ parkedKeys: 0, inFlight: 0 });
    });
  });

  describe('discard', () => {
    test('goes on behind the event', async () => {
      const { engine, illness } = await open();
      illness.begin(1, 3);
      await engine.publishMany(numbered('bad', oneTo(5)));
      await engine.drain();
      await engine.deadLetters.discard(1);
      await engine.drain();
      const [letter] = await engine.deadLetters.list();
      expect(letter).toMatchObject({ version: 3 });
      await engine.deadLetters.discard(letter?.position ?? 0);
      await engine.drain();
      expect(await handledNumbers(engine, 'bad')).toEqual([2, 4, 5]);
      expect(await engine.deadLetters.list()).toEqual([]);
      expect(engine.stats()).toMatchObject({ parkedKeys: 0, inFlight: 0 });
    });

    test('of the last event of its key opens the key again', async () => {
      const { engine, illness } = await open();
      illness.begin(1);
      await engine.publishMany(numbered('bad', [1]));
      await engine.drain();
      await engine.deadLetters.discard(1);
      expect(engine.stats().parkedKeys).toBe(0);
      await engine.publish(Parking({ id: 'bad', number: 2 }), { until: 'handled' });
      expect(await handledNumbers(engine, 'bad')).toEqual([2]);
    });

    test('of a skipped one forgets it', async () => {
      const { engine, illness } = await open();
      illness.begin(1);
      await engine.publishMany([1, 2].map((number) => Skipping({ id: 'bad', number })));
      await engine.drain();
      await engine.deadLetters.discard(1);
      await engine.drain();
      expect(await engine.deadLetters.list()).toEqual([]);
      expect(await handledNumbers(engine, 'bad')).toEqual([2]);
    });
  });

  describe.each(['retry', 'discard'] as const)('%s', (action) => {
    test('refuses what is no dead letter, and what is no position', async () => {
      const { engine } = await open();
      await engine.publishMany(numbered('good', [1]));
      await engine.drain();
      await expect(engine.deadLetters[action](1)).rejects.toMatchObject({
        ...NOT_FOUND,
        details: { position: 1 },
      });
      await expect(engine.deadLetters[action](99)).rejects.toMatchObject(NOT_FOUND);
      for (const position of [0, -1, 1.5, Number.NaN, '1' as never]) {
        await expect(engine.deadLetters[action](position)).rejects.toMatchObject(INVALID);
      }
    });

    test('of one position twice at once: the second is told that it is late', async () => {
      const { engine, illness } = await open();
      illness.begin(1);
      await engine.publishMany(numbered('bad', [1, 2], true));
      await engine.drain();
      illness.end(1);
      const outcomes = await Promise.allSettled([
        engine.deadLetters[action](1),
        engine.deadLetters.retry(1),
        engine.deadLetters.discard(1),
      ]);
      const late = { status: 'rejected', reason: NOT_FOUND };
      expect(outcomes).toMatchObject([{ status: 'fulfilled' }, late, late]);
      await engine.drain();
      expect(await handledNumbers(engine, 'bad')).toEqual(action === 'retry' ? [1, 2] : [2]);
      await expect(engine.deadLetters[action](1)).rejects.toMatchObject(NOT_FOUND);
    });

    test('of a skipped one whose key is parked behind another one waits for that', async () => {
      const { engine, illness } = await open();
      illness.begin(1, 2);
      await engine.publishMany([Skipping({ id: 'bad', number: 1 }), ...numbered('bad', [2, 3])]);
      await engine.drain();
      await expect(engine.deadLetters[action](1)).rejects.toMatchObject({
        ...PARKED,
        details: { key: 'bad' },
      });
      illness.end(1, 2);
      await engine.deadLetters.retry(2);
      await engine.drain();
      await engine.deadLetters[action](1);
      expect(await handledNumbers(engine, 'bad')).toEqual(action === 'retry' ? [2, 3, 1] : [2, 3]);
    });

    test('says so when the engine is closed or has failed', async () => {
      const { engine, illness } = await open();
      illness.begin(1);
      await engine.publishMany(numbered('bad', [1]));
      await engine.drain();
      await engine.close();
      await expect(engine.deadLetters[action](1)).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
      await expect(engine.deadLetters.list()).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
    });
  });
});
