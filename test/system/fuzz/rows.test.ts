import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { type DomainEvent, defineEvent, type NewEvent } from 'millrace/define';
import { describe, test } from 'vitest';
import { z } from 'zod';
import { allocateSlab, Slab } from '../../../dist/src/events/slab.js';
import { collect } from '../../support/collect.js';
import { openForTests } from '../../support/open-test-engine.js';
import { plainData } from '../../support/plain-data.js';
import { checkProperty } from '../../support/property.js';
import { withPlainBytes } from '../../support/round-trip-values.js';
import { tempStore } from '../../support/temp-folder.js';

const COLUMNS = [
  'position',
  'occurredAt',
  'causation',
  'aggregate',
  'version',
  'key',
  'type',
  'dataOffset',
  'dataLength',
  'metadataLength',
  'nameOffset',
  'nameLength',
  'keyOffset',
  'keyLength',
  'flags',
] as const;

const sumOf = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);

describe('a slab', () => {
  test('gives each thread the columns that another one wrote, and none lies over another', async () => {
    const memory = allocateSlab(4096);
    const written = new Slab(1, memory);
    const read = new Slab(1, memory);
    const cell = fc.tuple(fc.constantFrom(...COLUMNS), fc.nat({ max: 2047 }), fc.nat({ max: 255 }));
    const property = fc.property(fc.array(cell), fc.uint8Array({ maxLength: 4096 }), (cells, bytes) => {
      new Uint8Array(memory).fill(0);
      const last = new Map(cells.map(([column, row, value]) => [`${column} ${row}`, value]));
      for (const [column, row, value] of cells) written[column][row] = value;
      written.bytes.set(bytes);
      for (const [column, row] of cells) deepStrictEqual(read[column][row], last.get(`${column} ${row}`));
      const sum = COLUMNS.reduce((total, column) => total + sumOf(read[column]), 0);
      deepStrictEqual(sum, sumOf(last.values()));
      deepStrictEqual(new Uint8Array(read.bytes.subarray(0, bytes.length)), bytes);
    });
    await checkProperty(property, { runs: 100 });
  });
});

/** Takes any payload, under any aggregate and key. */
const schema = z.object({ id: z.string(), key: z.string(), value: z.any() });
const options = { schema, aggregateId: ({ id }: { id: string }) => id };
const Keyed = defineEvent('rows.keyed', { ...options, partitionKey: ({ key }) => key });
const Plain = defineEvent('rows.plain', options);
const events = [Keyed, Plain];

// Few names, so that aggregates get versions; long ones, so that slabs fill up with names.
const name = fc.oneof(
  fc.constantFrom('a', 'b', '__proto__', "'; --", '\0', '漢'.repeat(300)),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
);
const value = fc.oneof(
  { weight: 8, arbitrary: plainData },
  // Payloads around the sizes at which a slab is full, and at which one is made for them alone.
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 300_000 }).map((length) => 'x'.repeat(length)) },
);
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
const row = fc.record({
  make: fc.constantFrom(Keyed, Plain),
  data: fc.record({ id: name, key: name, value }, { noNullPrototype: true }),
  options: fc.record(
    {
      occurredAt: fc
        .double({ noNaN: true, min: -8.64e15, max: 8.64e15 })
        .map((time) => (time === 0 ? 0 : time)),
      correlationId: text,
      causationId: text,
      metadata: fc.dictionary(fc.constantFrom('user', '', 'constructor', 'u'), plainData, {
        noNullPrototype: true,
      }),
    },
    { requiredKeys: ['occurredAt'], noNullPrototype: true },
  ),
});
type Row = typeof row extends fc.Arbitrary<infer Value> ? Value : never;

/** What a reader must find of each row. */
function expected(rows: readonly Row[]): unknown[] {
  const versions = new Map<string, number>();
  return rows.map(({ make, data, options: { occurredAt, correlationId, causationId, metadata } }, index) => {
    const version = (versions.get(data.id) ?? 0) + 1;
    versions.set(data.id, version);
    const correlation = correlationId ?? causationId ?? `run/${data.id}/${version}`;
    return {
      id: `run/${data.id}/${version}`,
      type: make.type,
      aggregateId: data.id,
      version,
      position: index + 1,
      occurredAt,
      data,
      metadata: {
        ...metadata,
        correlationId: correlation,
        ...(causationId !== undefined && { causationId }),
      },
    };
  });
}

function found(read: readonly DomainEvent[]): unknown[] {
  return read.map((event) => {
    const { id, type, aggregateId, version, position, occurredAt, data, metadata } = event;
    const plain = { data: withPlainBytes(data), metadata: withPlainBytes(metadata) };
    return { id, type, aggregateId, version, position, occurredAt, ...plain };
  });
}

describe('any rows are read as they were published', () => {
  test('from a file: written, and opened again', async () => {
    const rows = fc.array(row, { minLength: 1, maxLength: 60, size: 'max' });
    const property = fc.asyncProperty(rows, async (all) => {
      const store = tempStore();
      const settings = { events, store, run: 'run', durability: 'os' as const };
      const writing = await openForTests(settings);
      await writing.publishMany(all.map(({ make, ...rest }): NewEvent => make(rest.data, rest.options)));
      deepStrictEqual(found(await collect(writing)), expected(all));
      await writing.close();
      const reading = await openForTests(settings);
      const read = found(await collect(reading));
      await reading.close();
      deepStrictEqual(read, expected(all));
    });
    await checkProperty(property, { runs: 20 });
  });
});
