import { crc32, zstdDecompressSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { openStoreReader } from 'millrace/store';
import { Unpackr } from 'msgpackr';
import { expect, test } from 'vitest';
import { Writer } from '../../../../dist/src/store/writer.js';
import { makeStore } from '../../../support/damaged-store.js';
import { packAll } from '../../../support/pack-all.js';

// A reader of docs/reference/file-format.md, written from that page: nothing of src/store is used to read.

interface Segment {
  readonly first: number;
  readonly count: number;
  readonly names: number;
  readonly shapes: number;
  readonly chain: number;
  readonly bytes: number;
  readonly packed: number;
  readonly checksum: number;
  readonly types: Buffer;
  readonly body: Buffer;
}

const floats = (...numbers: number[]) => {
  const bytes = Buffer.alloc(8 * numbers.length);
  numbers.forEach((number, index) => {
    bytes.writeDoubleLE(number, 8 * index);
  });
  return bytes;
};

function varints(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let [value, factor] = [0, 1];
  for (const byte of bytes) {
    value += (byte & 0x7f) * factor;
    factor *= 0x80;
    if (byte > 0x7f) continue;
    numbers.push(value);
    [value, factor] = [0, 1];
  }
  return numbers;
}

function column(
  body: Buffer,
  at: number,
  count: number,
): { readonly numbers: number[]; readonly end: number } {
  const width = (body[at] as number) & 0xf;
  const baseWidth = (body[at] as number) >> 4;
  const number = (from: number, bytes: number) => {
    if (bytes === 0) return 0;
    return bytes === 8 ? body.readDoubleLE(from) : body.readUIntLE(from, bytes);
  };
  const base = number(at + 1, baseWidth);
  const start = at + 1 + baseWidth;
  const numbers = Array.from({ length: count }, (_, index) => base + number(start + index * width, width));
  return { numbers, end: start + width * count };
}

function readNames(database: Database.Database): Map<number, string> {
  const names = new Map<number, string>();
  for (const row of database.prepare('SELECT * FROM names').all() as {
    block: number;
    first: number;
    count: number;
    checksum: number;
    body: Buffer;
  }[]) {
    expect(crc32(row.body, crc32(floats(row.block, row.first, row.count)))).toBe(row.checksum);
    let at = 2 * row.count;
    for (let index = 0; index < row.count; index++) {
      const end = at + row.body.readUInt16LE(2 * index);
      names.set(row.first + index, row.body.toString('utf8', at, end));
      at = end;
    }
  }
  return names;
}

/** MurmurHash3 as the page has it, over words of four bytes. */
function murmur(bytes: Buffer): number {
  const words = Buffer.alloc(4 + 4 * Math.ceil(bytes.length / 4));
  words.writeUInt32LE(bytes.length);
  bytes.copy(words, 4);
  const turned = (value: number, by: number) => (value << by) | (value >>> (32 - by));
  let hash = 0;
  for (let at = 0; at < words.length; at += 4) {
    const word = Math.imul(turned(Math.imul(words.readUInt32LE(at), 0xcc9e2d51), 15), 0x1b873593);
    hash = Math.imul(turned(hash ^ word, 13), 5) + 0xe6546b64;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Every dead letter of a file, without its times and its error's stack. */
function readLetters(path: string): unknown[] {
  const database = new Database(path, { readonly: true });
  try {
    const names = readNames(database);
    const rows = database.prepare('SELECT * FROM dead_letters ORDER BY position').all();
    return (rows as Record<string, string | number>[]).map((row) => {
      const columns = Object.values(row).slice(0, -1);
      expect(murmur(Buffer.from(JSON.stringify(columns)))).toBe(row.checksum);
      const { position, state, attempts, handler, lane, retry } = row;
      const { name, message } = JSON.parse(String(row.error)) as { name: string; message: string };
      const owners = JSON.parse(String(row.owners)) as string[];
      const key = names.get(Number(row.key));
      return { position, state, attempts, handler, lane, retry: retry === 1, key, owners, name, message };
    });
  } finally {
    database.close();
  }
}

/** Every event of a file: position, type, aggregate id, version, time, partition key and payload. */
function readFile(path: string): { readonly events: unknown[]; readonly checked: number } {
  const database = new Database(path, { readonly: true });
  try {
    expect(database.pragma('application_id', { simple: true })).toBe(0x4d494c4c);
    expect(database.pragma('user_version', { simple: true })).toBe(2);
    const shapes = database.prepare('SELECT keys FROM payload_shapes ORDER BY id').pluck().all() as string[];
    const unpackr = new Unpackr({ useRecords: false });
    const unpack = (bytes: Buffer): unknown => {
      const [byte = 0, second = 0] = bytes;
      if (byte < 0x40 || byte > 0x7f) return unpackr.unpack(bytes);
      const [shape, head] = byte < 0x60 ? [byte - 0x40, 1] : [32 + (byte & 0x1f) + 32 * second, 2];
      const values = unpackr.unpackMultiple(bytes.subarray(head));
      return Object.fromEntries(
        (JSON.parse(shapes[shape] as string) as string[]).map((key, at) => [key, values[at]]),
      );
    };
    const types = new Map(
      database.prepare('SELECT id, name FROM event_types').raw().all() as [number, string][],
    );
    const names = readNames(database);
    const run = database.prepare("SELECT value FROM meta WHERE key = 'run'").pluck().get();
    const events: unknown[] = [];
    let chain = crc32(String(run));
    for (const segment of database.prepare('SELECT * FROM segments ORDER BY first').all() as Segment[]) {
      const { first, count, names: named, shapes: shaped, bytes, packed, body, checksum } = segment;
      expect(first).toBe(events.length + 1);
      const header = floats(first, count, named, shaped, segment.chain, bytes, packed);
      expect(crc32(body, crc32(segment.types, crc32(header)))).toBe(checksum);
      const whole = packed === 1 ? zstdDecompressSync(body) : body;
      expect(whole.length).toBe(bytes);
      const columns: number[][] = [];
      let end = 0;
      for (let index = 0; index < 9; index++) {
        const read = column(whole, end, count);
        columns.push(read.numbers);
        end = read.end;
      }
      const at = (index: number, event: number) => columns[index]?.[event] as number;
      expect(new Set(varints(segment.types))).toEqual(new Set(columns[0]));
      const checks = Buffer.alloc(4 * count);
      for (let event = 0; event < count; event++) {
        checks.writeUInt32LE(at(8, event), 4 * event);
        const start = end;
        end += at(6, event) + at(7, event);
        const aggregate = names.get(at(1, event));
        events.push({
          id: `${run}/${aggregate}/${at(2, event)}`,
          position: first + event,
          type: types.get(at(0, event)),
          aggregateId: aggregate,
          version: at(2, event),
          occurredAt: at(3, event),
          key: at(4, event) === 0 ? aggregate : names.get(at(4, event)),
          data: unpack(whole.subarray(start, start + at(6, event))),
        });
      }
      expect(end).toBe(whole.length);
      chain = crc32(checks, chain);
      expect(chain).toBe(segment.chain);
    }
    return { events, checked: names.size };
  } finally {
    database.close();
  }
}

function expected(path: string): unknown[] {
  using reader = openStoreReader(path);
  return [...reader.read()].map(
    ({ id, position, type, aggregateId, version, occurredAt, data, ...event }) => ({
      id,
      position,
      type,
      aggregateId,
      version,
      occurredAt: new Date(occurredAt).getTime(),
      key: event.key,
      data,
    }),
  );
}

test('a file is read by the page of its format alone, packed or not', async () => {
  const path = await makeStore();
  const events = expected(path);
  expect(readFile(path).events).toEqual(events);
  const writer = new Writer({ path, synchronous: 'NORMAL', run: '', types: [] });
  packAll(writer, path);
  writer.close();
  expect(readFile(path).events).toEqual(events);
});

test('so are its dead letters', async () => {
  const path = await makeStore();
  using reader = openStoreReader(path);
  const letters = [...reader.deadLetters()].map(
    ({ position, state, attempts, handler, lane, retry, key, owners, error: { name, message } }) => ({
      ...{ position, state, attempts, handler, lane, retry, key, owners, name, message },
    }),
  );
  expect(letters.length).toBeGreaterThan(2);
  for (const { owners } of letters) expect(owners).toEqual(['millrace:lanes']);
  expect(readLetters(path)).toEqual(letters);
});
