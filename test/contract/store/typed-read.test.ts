import { readFileSync } from 'node:fs';
import zlib from 'node:zlib';
import type { Engine } from 'millrace';
import { defineEvent } from 'millrace/define';
import { openStoreReader, type StoreReadOptions } from 'millrace/store';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { Writer } from '../../../dist/src/store/writer.js';
import { collect, oneTo } from '../../support/collect.js';
import { oneRow, withSql } from '../../support/damaged-store.js';
import { openForTests } from '../../support/open-test-engine.js';
import { packAll } from '../../support/pack-all.js';
import { tempStore } from '../../support/temp-folder.js';

const numbered = (type: string) =>
  defineEvent(type, {
    schema: z.object({ id: z.string(), number: z.number() }),
    aggregateId: ({ id }) => id,
  });

const Common = numbered('typed.common');
const Rare = numbered('typed.rare');
const Never = numbered('typed.never');
/** More than a segment lists. */
const Many = oneTo(80).map((number) => numbered(`typed.many_${number}`));
const EVENTS = [Common, Rare, Never, ...Many];
const COUNT = 9000;

/** Rare ones come in two stretches, one event at the log's end, and spread over the middle. */
const isRare = (number: number) =>
  (number > 1000 && number < 1010) ||
  number === COUNT ||
  (number > 4000 && number < 5000 && number % 97 === 0);

function eventOf(number: number) {
  const data = { id: `a${number % 7}`, number };
  if (isRare(number)) return Rare(data);
  return number > 7000 && number < 7500 ? (Many[number % 80] as typeof Common)(data) : Common(data);
}

const RARE = oneTo(COUNT).filter(isRare);

async function filled(options: { readonly store?: string }): Promise<Engine> {
  const engine = await openForTests({
    ...options,
    events: EVENTS,
    durability: options.store ? 'os' : 'memory',
  });
  await engine.publishMany(oneTo(COUNT).map(eventOf));
  return engine;
}

const numbersOf = (events: readonly { readonly data: unknown }[]) =>
  events.map(({ data }) => (data as { readonly number: number }).number);

async function expectRead(engine: Engine): Promise<void> {
  const all = (types: readonly (typeof Common | string)[], more = {}) => collect(engine, { types, ...more });
  expect(numbersOf(await all([Rare]))).toEqual(RARE);
  expect(numbersOf(await all(['typed.rare'], { fromPosition: 1005 }))).toEqual(
    RARE.filter((one) => one >= 1005),
  );
  expect(numbersOf(await all([Rare], { fromPosition: COUNT + 9 }))).toEqual([]);
  expect(numbersOf(await all([Rare], { aggregateId: 'a3' }))).toEqual(RARE.filter((one) => one % 7 === 3));
  expect(await all([Never])).toEqual([]);
  expect(await all([])).toEqual([]);
  expect(numbersOf(await all([Many[3] as typeof Common]))).toEqual(
    oneTo(COUNT).filter((number) => number > 7000 && number < 7500 && number % 80 === 3),
  );
  expect(numbersOf(await all(EVENTS))).toEqual(oneTo(COUNT));
  const seen: number[] = [];
  const consumer = await engine.consumers.start({
    name: `rare-${Math.random()}`,
    types: [Rare],
    handle: ({ data }) => void seen.push((data as { readonly number: number }).number),
  });
  await consumer.whenCaughtUp();
  expect(seen.sort((a, b) => a - b)).toEqual(RARE);
  expect(consumer.status()).toMatchObject({ lag: 0, position: COUNT });
  await consumer.stop();
}

describe('events of some types are read as if the others were not there:', () => {
  test('in memory', async () => {
    const engine = await filled({});
    await expectRead(engine);
    await engine.close();
  });

  test.each([['as they were committed'], ['packed']])('in a file, %s', async (how) => {
    const store = tempStore();
    await (await filled({ store })).close();
    if (how === 'packed') {
      const writer = new Writer({ path: store, synchronous: 'NORMAL', run: '', types: [] });
      expect(packAll(writer, store)).toBeGreaterThan(3);
      writer.close();
    }
    using reader = openStoreReader(store);
    const all = (types: readonly string[], more = {}) => numbersOf([...reader.read({ types, ...more })]);
    expect(all(['typed.rare'])).toEqual(RARE);
    expect(all(['typed.rare'], { fromPosition: 1005 })).toEqual(RARE.filter((one) => one >= 1005));
    expect(all(['typed.rare'], { aggregateId: 'a3' })).toEqual(RARE.filter((one) => one % 7 === 3));
    expect(all(['typed.never'])).toEqual([]);
    expect(all(['typed.many_4'])).toHaveLength(6);
    expect(all(EVENTS.map(({ type }) => type))).toEqual(oneTo(COUNT));
    const engine = await openForTests({ store, events: EVENTS });
    await expectRead(engine);
    await engine.close();
  });
});

test('a segment whose list of types is damaged hides no event', async () => {
  const store = tempStore();
  await (await filled({ store })).close();
  const [first] = oneRow(store, `SELECT max(first) FROM segments WHERE first <= ${RARE[0]}`);
  const [list] = oneRow(store, 'SELECT hex(types) FROM segments WHERE first = 1');
  const damaged = withSql(store, `UPDATE segments SET types = x'${list}' WHERE first = ${first}`);
  using reader = openStoreReader(damaged);
  expect(() => [...reader.read({ types: [Rare] })]).toThrow(
    expect.objectContaining({ code: 'MILLRACE_STORE_CORRUPT', details: { position: first } }),
  );
  expect(readFileSync(damaged).equals(readFileSync(store))).toBe(false);
});

test('a segment without any of the types is not decompressed, nor is the last one to find the end of the log', async () => {
  const store = tempStore();
  await (await filled({ store })).close();
  const writer = new Writer({ path: store, synchronous: 'NORMAL', run: '', types: [] });
  packAll(writer, store);
  writer.close();
  const [packed] = oneRow(store, 'SELECT count(*) FROM segments WHERE packed = 1') as [number];
  using reader = openStoreReader(store);
  const decompress = vi.spyOn(zlib, 'zstdDecompressSync');
  const count = (options: StoreReadOptions) => {
    decompress.mockClear();
    for (const _event of reader.read(options));
    return decompress.mock.calls.length;
  };
  try {
    expect(count({})).toBe(packed);
    expect(count({ fromPosition: COUNT + 1 })).toBe(0);
    // Some have too many types to list them.
    const [unlisted] = oneRow(store, 'SELECT count(*) FROM segments WHERE packed = 1 AND length(types) = 0');
    expect(count({ types: ['typed.never'] })).toBe(unlisted);
    expect(count({ types: ['typed.rare'] })).toBeLessThanOrEqual(packed / 2);
  } finally {
    decompress.mockRestore();
  }
});
