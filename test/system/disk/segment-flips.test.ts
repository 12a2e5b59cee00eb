import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { MillraceError } from 'millrace';
import { verifyStore } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import type { StoredSegment } from '../../../dist/src/store/segments/stored-segment.js';
import { SqliteReader } from '../../../dist/src/store/sqlite-reader.js';
import { Writer } from '../../../dist/src/store/writer.js';
import { LogRows, ROW_TYPE } from '../../support/log-rows.js';
import { packAll } from '../../support/pack-all.js';
import { SEED } from '../../support/property.js';
import { putSegment } from '../../support/segment-edit.js';
import { tempStore } from '../../support/temp-folder.js';
import { randomFrom } from '../torture/plan.mjs';

const EVENTS = 1900;
const FLIPS = 60;

let whole: Buffer;
let events: readonly string[];

/** A closed store with packed segments and others, several blocks of names, and runs of both kinds and two tiers. */
function makeStore(): string {
  const path = tempStore();
  const writer = new Writer({ path, synchronous: 'NORMAL', run: 'run', types: [ROW_TYPE] });
  const rows = new LogRows({ bytes: 1_000_000 });
  writer.addSlab(rows.slab.id, rows.slab.memory);
  for (let event = 0; event < EVENTS; event++) {
    rows.add(`aggregate-${event % 70}-${Math.floor(event / 200)}`, { event });
    if (event % 7 !== 0 && event < EVENTS - 1) continue;
    const segments = rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to }));
    writer.commit([{ segments, progress: undefined, shapes: [] }]);
    if (event % 20 === 0) while (writer.indexQuietly()) expect(event).toBeLessThan(EVENTS);
  }
  packAll(writer, path);
  writer.close();
  return path;
}

/** Everything that a reader can find: the log, and the history of each aggregate by its name. */
function readAll(path: string): string[] {
  const reader = new SqliteReader(path);
  try {
    const log = reader.page({ from: 1, limit: EVENTS + 1 });
    const lines = log.map(
      (event) => `${event.position} ${reader.nameOf(event.aggregate)} ${event.data.toString('hex')}`,
    );
    for (let number = 0; number < 70; number++) {
      const name = `aggregate-${number}-1`;
      const id = reader.findName(name)?.id ?? 0;
      const history = reader.page({ aggregate: id, from: 1, limit: 100 });
      lines.push(`${name}: ${history.map(({ position, version }) => `${position}/${version}`).join(' ')}`);
    }
    return lines;
  } finally {
    reader.close();
  }
}

/** What reading gave; undefined when it was refused with a coded error, which says where when a segment was hit. */
function outcome(path: string, table: string): string[] | undefined {
  try {
    return readAll(path);
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError);
    expect(error).toMatchObject({ code: 'MILLRACE_STORE_CORRUPT' });
    if (table === 'segments') {
      expect(error).toMatchObject({ details: { position: expect.any(Number) } });
    }
    return undefined;
  }
}

beforeAll(() => {
  const store = makeStore();
  whole = readFileSync(store);
  events = readAll(store);
});

function damaged(change: (database: Database.Database) => void): string {
  const copy = tempStore();
  writeFileSync(copy, whole);
  const database = new Database(copy);
  try {
    change(database);
  } finally {
    database.close();
  }
  return copy;
}

function flipped(bytes: Buffer, at: number): Buffer {
  const bit = Math.floor(at * bytes.length * 8);
  return Buffer.from(bytes.with(bit >> 3, (bytes[bit >> 3] as number) ^ (1 << (bit & 7))));
}

test('the store has everything that is to be damaged', () => {
  const database = new Database(':memory:');
  const copy = tempStore();
  copyFileSync(
    damaged(() => {}),
    copy,
  );
  database.exec(`ATTACH '${copy}' AS log`);
  const count = (sql: string) => database.prepare(`SELECT count(*) FROM log.${sql}`).pluck().get();
  expect(count('segments WHERE packed = 1')).toBeGreaterThan(0);
  expect(count('segments WHERE packed = 0')).toBeGreaterThan(0);
  expect(count('names')).toBeGreaterThan(3);
  expect(count('runs WHERE tier > 0 AND kind = 1')).toBeGreaterThan(0);
  expect(count('runs WHERE tier > 0 AND kind = 2')).toBeGreaterThan(0);
  expect(count('run_pages')).toBeGreaterThan(4);
  database.close();
});

describe(`one bit of a row is wrong, MILLRACE_SEED=${SEED}:`, () => {
  test.each([
    ['segments', 'body', 'first'],
    ['segments', 'types', 'first'],
    ['names', 'body', 'block'],
    ['runs', 'fences', 'id'],
    ['run_pages', 'body', 'id'],
  ])('%s.%s', (table, column, key) => {
    const random = randomFrom(SEED);
    for (let flip = 0; flip < FLIPS; flip++) {
      const path = damaged((database) => {
        const rows = database.prepare(`SELECT ${key}, ${column} FROM ${table}`).raw().all() as [
          number,
          Buffer,
        ][];
        const [id, bytes] = rows[Math.floor(random() * rows.length)] as [number, Buffer];
        database
          .prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`)
          .run(flipped(bytes, random()), id);
      });
      const found = outcome(path, table);
      if (found) expect(found).toEqual(events);
      expect(verifyStore(path).ok).toBe(false);
    }
  });

  test('of a segment that says that it is right: reading gives something or says where, verification finds it', () => {
    const random = randomFrom(SEED + 1);
    let found = 0;
    for (let flip = 0; flip < FLIPS; flip++) {
      const path = damaged((database) => {
        const rows = database.prepare('SELECT * FROM segments').all() as StoredSegment[];
        const row = rows[Math.floor(random() * rows.length)] as StoredSegment;
        putSegment(database, { ...row, body: flipped(row.body, random()) });
      });
      outcome(path, 'any');
      if (!verifyStore(path).ok) found++;
    }
    // A few bits of what zstd writes mean nothing.
    expect(found).toBeGreaterThan(FLIPS * 0.9);
  });
});
