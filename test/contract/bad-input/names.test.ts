import { defineEvent, type Engine } from 'millrace';
import { InvalidNameError } from 'millrace/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { collect } from '../../support/collect.js';
import { openForTests } from '../../support/open-test-engine.js';

const Named = defineEvent('names.named', {
  schema: z.object({ id: z.any(), key: z.any() }),
  aggregateId: ({ id }) => id,
  partitionKey: ({ key }) => key,
});

const BAD: readonly [string, unknown][] = [
  ['empty', ''],
  ['no string', 7],
  ['missing', undefined],
  ['null', null],
  ['1,025 bytes', 'x'.repeat(1025)],
  ['1,026 bytes of 342 characters', '漢'.repeat(342)],
];

const GOOD: readonly [string, string][] = [
  ['one character', 'x'],
  ['1,024 bytes', 'x'.repeat(1024)],
  ['1,023 bytes of 341 characters', '漢'.repeat(341)],
  ['emoji', '🌾🏭'],
  ['separators', 'a/b\\c"d\'e\n\0f'],
  ['a name of Object.prototype', '__proto__'],
];

describe('aggregate ids and partition keys', () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({ events: [Named] });
  });
  afterAll(() => engine.close());

  test.each(BAD)('%s: refused', async (_name, bad) => {
    const before = engine.stats();
    for (const [data, what] of [
      [{ id: bad, key: 'k' }, 'aggregate id'],
      [{ id: 'a', key: bad }, 'partition key'],
    ] as const) {
      const error = await engine.publish(Named(data)).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(InvalidNameError);
      expect(error).toMatchObject({ code: 'MILLRACE_INVALID_NAME', details: { type: 'names.named' } });
      expect(error.message).toContain(what);
    }
    expect(engine.stats()).toEqual(before);
  });

  test('a lone surrogate: refused, UTF-8 cannot hold it', async () => {
    const Lone = defineEvent('names.lone', { schema: z.any(), aggregateId: () => 'a\ud800' });
    const own = await openForTests({ events: [Lone] });
    await expect(own.publish(Lone(1))).rejects.toMatchObject({ code: 'MILLRACE_INVALID_NAME' });
    await own.close();
  });

  test.each(GOOD)('%s: taken, and found again', async (_name, name) => {
    await engine.publish(Named({ id: name, key: name }));
    const [event] = await collect(engine, { aggregateId: name });
    expect(event).toMatchObject({ aggregateId: name, version: 1, data: { id: name, key: name } });
  });
});
