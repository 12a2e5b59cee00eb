import { defineEvent, type Engine, type NewEvent } from 'millrace';
import { SchemaMismatchError } from 'millrace/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { collect } from '../../support/collect.js';
import { openForTests } from '../../support/open-test-engine.js';

const Ordered = defineEvent('shop.ordered', {
  schema: z.strictObject({
    order: z.string().min(1),
    items: z.array(z.object({ sku: z.string(), price: z.number().positive() })),
    note: z.string().trim().default('none'),
    tags: z.record(z.string(), z.number()).optional(),
  }),
  aggregateId: ({ order }) => order,
});

const GOOD = { order: 'o1', items: [{ sku: 'a', price: 1 }] };

const BAD: readonly [string, unknown, string][] = [
  ['a missing field', { items: [] }, 'order'],
  ['a field of the wrong type', { ...GOOD, order: 5 }, 'order'],
  ['a field below its minimum', { ...GOOD, order: '' }, 'order'],
  ['a field deep inside', { order: 'o1', items: [GOOD.items[0], { sku: 'b', price: -1 }] }, 'items.1.price'],
  ['NaN where a number belongs', { order: 'o1', items: [{ sku: 'b', price: Number.NaN }] }, 'items.0.price'],
  ['a value of a record', { ...GOOD, tags: { red: 'x' } }, 'tags.red'],
  ['an unknown field', { ...GOOD, surprise: 1 }, ''],
  ['no object', 'order', ''],
  ['nothing', undefined, ''],
];

describe('a payload that fails its schema', () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await openForTests({ events: [Ordered] });
  });
  afterAll(() => engine.close());

  test.each(BAD)('%s is refused, and the error names the field', async (_name, data, path) => {
    const before = engine.stats();
    const event: NewEvent = Ordered(data as never);
    const error = await engine.publish(event).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(SchemaMismatchError);
    expect(error).toMatchObject({
      code: 'MILLRACE_SCHEMA_MISMATCH',
      details: { type: 'shop.ordered', path },
    });
    expect(error.message).toContain("'shop.ordered'");
    if (path !== '') expect(error.message).toContain(`field '${path}'`);
    expect(error.cause).toBeInstanceOf(z.ZodError);
    expect(engine.stats()).toEqual(before);
  });

  test('leaves the engine as it was: the next event is the first one, as its schema returns it', async () => {
    expect(await engine.publish(Ordered({ ...GOOD, note: ' trimmed ' }))).toEqual({
      position: 1,
      version: 1,
    });
    await engine.publish(Ordered(GOOD));
    const notes = (await collect(engine)).map(({ data }) => (data as { note: string }).note);
    expect(notes).toEqual(['trimmed', 'none']);
  });

  test("with validate 'off' it is the publisher's own business", async () => {
    const trusting = await openForTests({ events: [Ordered], validate: 'off' });
    await trusting.publish(Ordered({ order: 'o1', items: 5 } as never));
    expect((await collect(trusting))[0]?.data).toEqual({ order: 'o1', items: 5 });
    await trusting.close();
  });
});
