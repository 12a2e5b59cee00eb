import type { DomainEvent } from 'millrace';
import { openStoreReader } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { collect } from '../../support/collect.js';
import { openForTests, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { VALUES, withPlainBytes } from '../../support/round-trip-values.js';
import { tempStore } from '../../support/temp-folder.js';
import { Anything } from './modules/payloads.mjs';

const events = [Anything];

describe.each(['memory', 'file', 'file reopened', 'store reader'] as const)('what is read, %s', (from) => {
  const wholes: DomainEvent[] = [];
  const fields: DomainEvent[] = [];

  beforeAll(async () => {
    const store = tempStore();
    let engine = await openForTests({ events, ...(from !== 'memory' && { store, durability: 'os' }) });
    await engine.publishMany(Object.values(VALUES).map((value) => Anything(value)));
    await engine.publishMany(Object.values(VALUES).map((value) => Anything({ value, last: 'x' })));
    let read = await collect(engine);
    await engine.close();
    if (from === 'file reopened') {
      engine = await openForTests({ events, store });
      read = await collect(engine);
      await engine.close();
    } else if (from === 'store reader') {
      const reader = openStoreReader(store);
      read = [...reader.read()];
      reader.close();
    }
    const count = Object.keys(VALUES).length;
    wholes.push(...read.slice(0, count));
    fields.push(...read.slice(count));
  });

  test.each(
    Object.entries(VALUES).map(([name, value], index) => ({ name, value, index })),
  )('$name is what was published', ({ value, index }) => {
    expect(withPlainBytes(wholes[index]?.data)).toStrictEqual(value);
    expect(withPlainBytes(fields[index]?.data)).toStrictEqual({ value, last: 'x' });
  });
});

describe.each([
  'memory',
  'os',
] as const)('payloads that could be taken for something else, %s', (durability) => {
  test('whole numbers from 0x40 to 0x7f, which is how records begin', async () => {
    const engine = await openTestEngine({ events, ...storeFor(durability) });
    const numbers = Array.from({ length: 0x40 }, (_, index) => 0x40 + index);
    await engine.publish(Anything({ shape: 'of number 0' }));
    await engine.publishMany(numbers.map((number) => Anything(number)));
    await engine.publishMany(numbers.map((number) => Anything({ number, list: [number, { number }] })));
    const read = (await collect(engine)).slice(1).map(({ data }) => data);
    expect(read.slice(0, 0x40)).toStrictEqual(numbers);
    expect(read.slice(0x40)).toStrictEqual(numbers.map((number) => ({ number, list: [number, { number }] })));
  });
});

describe('the log has a copy', () => {
  test('that the publisher cannot change any more', async () => {
    const engine = await openTestEngine({ events });
    const data = { list: [1], bytes: Uint8Array.of(1) };
    await engine.publish(Anything(data), { until: 'accepted' });
    data.list.push(2);
    data.bytes[0] = 9;
    const [event] = await collect(engine);
    expect(withPlainBytes(event?.data)).toEqual({ list: [1], bytes: Uint8Array.of(1) });
  });

  test('that no reader can change', async () => {
    const engine = await openTestEngine({ events });
    await engine.publish(Anything({ bytes: Uint8Array.of(1, 2, 3) }));
    for (const { data } of await collect(engine)) (data as { bytes: Uint8Array }).bytes.fill(9);
    const [second] = await collect(engine);
    expect(withPlainBytes(second?.data)).toEqual({ bytes: Uint8Array.of(1, 2, 3) });
  });
});

test('negative zero stays what it is', async () => {
  await using engine = await openForTests({ events });
  await engine.publish(Anything({ value: -0 }));
  const [event] = await collect(engine);
  expect(event?.data).toStrictEqual({ value: -0 });
});
