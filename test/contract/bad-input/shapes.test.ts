import { type AnyEventType, type DomainEvent, defineEvent, type NewEvent } from 'millrace/define';
import { openStoreReader } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { collect, oneTo } from '../../support/collect.js';
import { openForTests } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const Profiled = defineEvent('shape.profiled', {
  schema: z.object({
    id: z.string(),
    name: z.string().optional(),
    age: z.number().optional(),
    city: z.string().optional(),
  }),
  aggregateId: ({ id }) => id,
});

const Dynamic = defineEvent('shape.dynamic', {
  schema: z.record(z.string(), z.number()),
  aggregateId: () => 'dynamic',
});

const MANY = oneTo(70).map((number) =>
  defineEvent(`shape.type_${number}`, {
    schema: z.object({ [`field_${number}`]: z.number(), common: z.string() }),
    aggregateId: () => `of-${number}`,
  }),
);

/** Publishes in two sessions, and reads in each of three ways; all must give the data as it was. */
async function expectStored(events: readonly AnyEventType[], published: readonly NewEvent[]): Promise<void> {
  const store = tempStore();
  const data = published.map((event) => event.data);
  const dataOf = (read: readonly DomainEvent[]) => read.map((event) => event.data);
  const half = Math.ceil(published.length / 2);
  for (const part of [published.slice(0, half), published.slice(half)]) {
    const engine = await openForTests({ events, store, durability: 'os' });
    await engine.publishMany(part);
    expect(dataOf(await collect(engine))).toStrictEqual(
      part[0] === published[0] ? data.slice(0, half) : data,
    );
    await engine.close();
  }
  const reader = openStoreReader(store);
  expect(dataOf([...reader.read()])).toStrictEqual(data);
  reader.close();
  const memory = await openForTests({ events });
  await memory.publishMany(published);
  expect(dataOf(await collect(memory))).toStrictEqual(data);
  await memory.close();
}

describe('payload shapes', () => {
  test('optional fields, absent and present in every combination', async () => {
    const published = oneTo(32).map((number) =>
      Profiled({
        id: `p${number}`,
        ...(number & 1 && { name: 'n' }),
        ...(number & 2 && { age: number }),
        ...(number & 4 && { city: 'c' }),
      }),
    );
    await expectStored([Profiled], published);
  });

  test('the same keys in another order', async () => {
    const published = oneTo(8).map((number) =>
      Dynamic(number % 2 === 0 ? { a: number, b: 2, c: 3 } : { c: 3, a: number, b: 2 }),
    );
    await expectStored([Dynamic], published);
  });

  test('a type with more shapes than are numbered for one type', async () => {
    const published = oneTo(60).map((number) => Dynamic({ [`key-${number % 25}`]: number, total: number }));
    await expectStored([Dynamic], published);
  });

  test('payloads without keys among others', async () => {
    await expectStored([Dynamic], [Dynamic({}), Dynamic({ a: 1 }), Dynamic({}), Dynamic({ a: 2 })]);
  });

  test('more types with a shape of their own than have one-byte numbers', async () => {
    const round = (times: number) =>
      MANY.map((type, index) =>
        type({ [`field_${index + 1}`]: index * times, common: `c${times}` } as never),
      );
    await expectStored(MANY, [...round(1), ...round(2), ...round(3).reverse()]);
  });
});
