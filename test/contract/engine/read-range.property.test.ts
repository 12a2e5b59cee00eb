import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { DomainEvent, Engine, ReadOptions } from 'millrace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { openForTests, storeFor } from '../../support/open-test-engine.js';
import { checkProperty } from '../../support/property.js';

// More than two pages, some of them cut off by large events.
const COUNT = 1300;
// What does not compress, so that the bytes of a page are those of its events.
const LARGE = new Uint8Array(randomBytes(3_000_000));

const bound = fc.option(fc.integer({ min: 1, max: COUNT + 20 }), { nil: undefined });
const ranges: fc.Arbitrary<ReadOptions> = fc
  .record(
    {
      aggregateId: fc.constantFrom(undefined, 'a', 'b', 'rare', 'nobody'),
      fromVersion: bound,
      toVersion: bound,
      fromPosition: bound,
      toPosition: bound,
      limit: fc.option(fc.integer({ min: 1, max: 700 }), { nil: undefined }),
      direction: fc.constantFrom(undefined, 'forwards', 'backwards'),
      types: fc.constantFrom(undefined, ['note.noted']),
    },
    { requiredKeys: [] },
  )
  .map((options) => {
    const given = Object.entries(options).filter(
      ([name, value]) =>
        value !== undefined && !(name.endsWith('Version') && options.aggregateId === undefined),
    );
    return Object.fromEntries(given) as ReadOptions;
  });

/** What the whole log has of a range, found by looking at each event. */
function expected(all: readonly DomainEvent[], options: ReadOptions): DomainEvent[] {
  const {
    aggregateId,
    fromVersion = 1,
    toVersion = Infinity,
    fromPosition = 1,
    toPosition = Infinity,
  } = options;
  const within = all.filter(
    (event) =>
      (aggregateId === undefined || event.aggregateId === aggregateId) &&
      event.version >= fromVersion &&
      event.version <= toVersion &&
      event.position >= fromPosition &&
      event.position <= toPosition,
  );
  if (options.direction === 'backwards') within.reverse();
  return within.slice(0, options.limit);
}

describe.each(['memory', 'os'] as const)('a range of a log, %s', (durability) => {
  let engine: Engine;
  let all: readonly DomainEvent[];

  beforeAll(async () => {
    engine = await openForTests(storeFor(durability));
    await engine.publishMany(
      Array.from({ length: COUNT }, (_, index) => {
        const note = index % 400 === 7 ? 'rare' : index % 3 === 0 ? 'a' : 'b';
        return Noted({ note, value: index >= 600 && index < 650 && index % 2 === 0 ? LARGE : index });
      }),
    );
    all = await collect(engine);
  }, 60_000);
  afterAll(() => engine.close());

  test('has what lies within its bounds, in its direction', async () => {
    const positions = (some: readonly DomainEvent[]) => some.map(({ position }) => position);
    const holds = fc.asyncProperty(ranges, async (options) => {
      expect(positions(await collect(engine, options))).toEqual(positions(expected(all, options)));
    });
    await checkProperty(holds, { runs: 150 });
  }, 120_000);

  test('has everything when it goes backwards over pages that large events cut off', async () => {
    const positions = (await collect(engine, { direction: 'backwards' })).map(({ position }) => position);
    expect(positions).toEqual(oneTo(COUNT).reverse());
  });

  test('ends with the newest event of an aggregate', async () => {
    expect(await engine.last('rare')).toMatchObject({ aggregateId: 'rare', version: 4, position: 1208 });
    expect(await engine.last('nobody')).toBeUndefined();
    await engine.publish(Noted({ note: 'rare', value: 'new' }), { until: 'durable' });
    expect(await engine.last('rare')).toMatchObject({ version: 5, data: { value: 'new' } });
    all = await collect(engine);
  });

  test.each<[string, ReadOptions, string]>([
    ['fromVersion without an aggregate', { fromVersion: 1 }, 'fromVersion needs aggregateId'],
    ['toVersion without an aggregate', { toVersion: 1 }, 'toVersion needs aggregateId'],
    ['toVersion 0', { aggregateId: 'a', toVersion: 0 }, 'toVersion is 0'],
    ['toPosition as text', { toPosition: '5' as never }, 'toPosition'],
    ['NaN as fromPosition', { fromPosition: Number.NaN }, 'fromPosition is NaN'],
    ['limit 0', { limit: 0 }, 'limit is 0'],
    ['an unknown direction', { direction: 'down' as never }, "'forwards' or 'backwards'"],
    ['an aggregate id that is no text', { aggregateId: 5 as never }, 'aggregateId is 5'],
  ])('refuses %s', (_name, options, words) => {
    expect(() => engine.read(options)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_INVALID_OPTION', message: expect.stringContaining(words) }),
    );
  });
});
