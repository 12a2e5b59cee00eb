import zlib from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  BodyReader,
  COLUMNS_BYTES,
  eventOf,
  SegmentColumns,
} from '../../../../dist/src/store/segments/body.js';
import { SqliteReader } from '../../../../dist/src/store/sqlite-reader.js';
import { Writer } from '../../../../dist/src/store/writer.js';
import { oneValue } from '../../../support/damaged-store.js';
import { LogRows, ROW_TYPE } from '../../../support/log-rows.js';
import { packAll } from '../../../support/pack-all.js';
import { checkProperty } from '../../../support/property.js';
import { tempStore } from '../../../support/temp-folder.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A writer that the events of some aggregates are handed to, a commit each so many. */
function fill(
  events: number,
  every: number,
  name: (event: number) => string,
): { path: string; writer: Writer } {
  const path = tempStore();
  const writer = new Writer({ path, synchronous: 'NORMAL', run: 'run', types: [ROW_TYPE] });
  let rows = new LogRows({ bytes: 600_000 });
  for (let event = 1; event <= events; event++) {
    rows.add(name(event), { event, text: String(event % 7).repeat(150) });
    if (event % every !== 0) continue;
    writer.addSlab(rows.slab.id, rows.slab.memory);
    writer.commit([
      {
        segments: rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to })),
        progress: undefined,
        shapes: [],
      },
    ]);
    if (event % 2000 < every) rows = rows.next();
  }
  return { path, writer };
}

/** An aggregate's versions, in pages of so many. */
function history(reader: SqliteReader, aggregate: number, limit: number): number[] {
  const versions: number[] = [];
  while (true) {
    const page = reader.page({ aggregate, from: versions.length + 1, limit });
    if (page.length === 0) return versions;
    versions.push(...page.map(({ version }) => version));
  }
}

const numbers = (to: number) => Array.from({ length: to }, (_, index) => index + 1);

describe('the history of an aggregate', () => {
  test('decompresses each segment of far events once, also when it is read again', () => {
    const { path, writer } = fill(40_000, 500, (event) => (event % 400 === 0 ? 'far' : `a${event % 50}`));
    writer.index();
    packAll(writer, path);
    const packed = Number(oneValue(path, 'SELECT count(*) FROM segments WHERE packed = 1'));
    expect(packed).toBeGreaterThan(30);
    const reader = new SqliteReader(path);
    const id = reader.findName('far')?.id ?? 0;
    const decompress = vi.spyOn(zlib, 'zstdDecompressSync');
    for (let time = 0; time < 5; time++) expect(history(reader, id, 7)).toEqual(numbers(100));
    expect(decompress.mock.calls.length).toBeLessThanOrEqual(packed);
    reader.close();
    writer.close();
  });

  test('looks through what is in no run yet once, however many pages it has', () => {
    const { path, writer } = fill(1200, 4, (event) => (event % 4 === 0 ? 'often' : 'other'));
    expect(writer.indexed).toBe(0);
    const reader = new SqliteReader(path);
    const id = reader.findName('often')?.id ?? 0;
    const opened = vi.spyOn(BodyReader.prototype, 'open');
    expect(history(reader, id, 3)).toEqual(numbers(300));
    // Each of 300 segments for the columns, and once more for its event; and the first one for each of 101 pages.
    expect(opened.mock.calls.length).toBeLessThan(1000);
    opened.mockRestore();
    // What is added meanwhile, and what is indexed meanwhile, is found by the same reader.
    expect(reader.page({ aggregate: id, from: 299, limit: 9 }).map(({ version }) => version)).toEqual([
      299, 300,
    ]);
    writer.index();
    expect(history(reader, id, 100)).toEqual(numbers(300));
    reader.close();
    writer.close();
  });

  test('a page of far events does not hold their segments', () => {
    const { path, writer } = fill(8000, 500, (event) => (event % 800 === 0 ? 'far' : `a${event % 50}`));
    writer.index();
    packAll(writer, path);
    const reader = new SqliteReader(path);
    const page = reader.page({ aggregate: reader.findName('far')?.id ?? 0, from: 1, limit: 50 });
    expect(page).toHaveLength(10);
    const held = new Set(page.map(({ data }) => data.buffer));
    let bytes = 0;
    for (const buffer of held) bytes += buffer.byteLength;
    // Of eight full segments it would be more than a million.
    expect(bytes).toBeLessThan(400_000);
    reader.close();
    writer.close();
  });
});

test('an event that is read alone is the one that reading its whole segment gives', async () => {
  const number = fc.oneof(fc.constant(0), fc.nat({ max: 300 }), fc.nat({ max: 2 ** 32 - 1 }));
  const event = fc.record({
    aggregate: number,
    key: number,
    type: number,
    version: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    occurredAt: fc.oneof(fc.nat(), fc.double({ noNaN: true })),
    causation: fc.oneof(fc.constant(0), fc.maxSafeNat()),
    data: fc.oneof(fc.constant(0), fc.nat({ max: 20 }), fc.nat({ max: 700 })),
    metadata: fc.oneof(fc.constant(0), fc.nat({ max: 9 })),
  });
  await checkProperty(
    fc.property(fc.array(event, { minLength: 1, maxLength: 40 }), (events) => {
      const columns = new SegmentColumns();
      let payload = 0;
      events.forEach((one, index) => {
        for (const name of ['aggregate', 'key', 'type', 'version', 'occurredAt', 'causation'] as const) {
          columns[name][index] = one[name];
        }
        columns.dataLength[index] = one.data;
        columns.metadataLength[index] = one.metadata;
        payload += one.data + one.metadata;
      });
      const head = Buffer.alloc(COLUMNS_BYTES);
      const end = columns.write(head, 0, events.length);
      const bytes = Buffer.from(Array.from({ length: payload }, (_, index) => index % 251));
      const segment = {
        first: 7,
        count: events.length,
        body: Buffer.concat([head.subarray(0, end), bytes]),
      };
      const reader = new BodyReader();
      reader.open(segment);
      events.forEach((_, index) => {
        const { data, metadata, size, ...whole } = plain(reader.event(index));
        const alone = plain(eventOf(segment, index));
        expect(alone).toEqual({ ...whole, size, data, metadata });
      });
    }),
    { runs: 100 },
  );
});

function plain(row: ReturnType<typeof eventOf>): Record<string, unknown> {
  const { position, type, aggregate, version, occurredAt, partitionKey, causation, size } = row;
  return {
    position,
    type,
    aggregate,
    version,
    occurredAt,
    partitionKey,
    causation,
    size,
    data: row.data.toString('hex'),
    metadata: row.metadata?.toString('hex'),
  };
}
