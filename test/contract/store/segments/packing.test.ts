import { readFileSync, writeFileSync } from 'node:fs';
import { openStoreReader, verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { SqliteReader } from '../../../../dist/src/store/sqlite-reader.js';
import { SqliteStore } from '../../../../dist/src/store/sqlite-store.js';
import type { RawEvent } from '../../../../dist/src/store/store.js';
import { Writer } from '../../../../dist/src/store/writer.js';
import { oneValue } from '../../../support/damaged-store.js';
import { LogRows, ROW_TYPE } from '../../../support/log-rows.js';
import { packAll } from '../../../support/pack-all.js';
import { tempStore } from '../../../support/temp-folder.js';

function openWriter(path: string): Writer {
  return new Writer({ path, synchronous: 'NORMAL', run: 'run', types: [ROW_TYPE] });
}

/** A store of many small commits, its writer, and where its next rows come from. */
function smallCommits(events: number): {
  readonly path: string;
  readonly writer: Writer;
  readonly rows: LogRows;
} {
  const path = tempStore();
  const writer = openWriter(path);
  const rows = new LogRows({ bytes: 2_000_000 });
  writer.addSlab(rows.slab.id, rows.slab.memory);
  for (let event = 1; event <= events; event++) {
    rows.add(`a${event % 13}`, { event, text: 'x'.repeat(event % 40) });
    if (event % 3 !== 0 && event < events) continue;
    const segments = rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to }));
    writer.commit([{ segments, progress: undefined, shapes: [] }]);
  }
  return { path, writer, rows };
}

const segments = (path: string, where = '1') =>
  Number(oneValue(path, `SELECT count(*) FROM segments WHERE ${where}`));

function read(path: string): unknown[] {
  const reader = new SqliteReader(path);
  const plain = (events: readonly RawEvent[]) =>
    events.map(({ data, metadata, position, version }) => [position, version, data.toString(), metadata]);
  try {
    const log = plain(reader.page({ from: 1, limit: 5000 }));
    const name = reader.findName('a7');
    return [log, plain(reader.page({ aggregate: name?.id ?? 0, from: 1, limit: 5000 }))];
  } finally {
    reader.close();
  }
}

/** Every sector of a file. */
const cuts = (bytes: number) => Array.from({ length: Math.ceil(bytes / 512) }, (_, sector) => sector * 512);

describe('packing', () => {
  test('makes few segments of many, which say the same', () => {
    const { path, writer } = smallCommits(2000);
    const before = read(path);
    const many = segments(path);
    expect(packAll(writer, path)).toBeGreaterThan(0);
    expect(segments(path)).toBeLessThan(many / 2);
    expect(segments(path, 'packed = 1')).toBeGreaterThan(0);
    expect(read(path)).toEqual(before);
    expect(verifyStore(path)).toMatchObject({ ok: true, events: 2000, problems: [] });
    writer.close();
    expect(read(path)).toEqual(before);
    expect(verifyStore(path)).toMatchObject({ ok: true, events: 2000, problems: [] });
  });

  test('makes no transaction for events that are not worth it, and looks at them once', () => {
    const path = tempStore();
    const writer = openWriter(path);
    const rows = new LogRows({ bytes: 9_000_000 });
    writer.addSlab(rows.slab.id, rows.slab.memory);
    for (let event = 0; event < 40; event++) rows.add('large', Buffer.alloc(200_000, event));
    for (let event = 0; event < 1500; event++) rows.add('small', event);
    const segments = rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to }));
    writer.commit([{ segments, progress: undefined, shapes: [] }]);
    const noted = () => oneValue(path, "SELECT max(value) FROM meta WHERE key = 'packed'");
    const before = writer.walState().pages;
    expect(packAll(writer, path, 40)).toBe(40);
    expect(writer.walState().pages).toBe(before);
    expect(noted()).toBeNull();
    expect(packAll(writer, path, 1)).toBe(1);
    expect(noted()).toBeGreaterThan(40);
    rows.add('large', Buffer.alloc(200_000)).add('large', Buffer.alloc(200_000));
    const more = rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to }));
    writer.commit([{ segments: more, progress: undefined, shapes: [] }]);
    packAll(writer, path);
    const done = writer.coldRange(-2000)?.after;
    writer.close();
    expect(noted()).toBe(done);
    expect(verifyStore(path)).toMatchObject({ ok: true, events: 1542, problems: [] });
  });

  test('goes on where it was when the store is opened again, and the log goes on too', () => {
    const { path, writer, rows } = smallCommits(1500);
    expect(packAll(writer, path, 1)).toBe(1);
    const done = Number(oneValue(path, "SELECT value FROM meta WHERE key = 'packed'"));
    expect(done).toBeGreaterThan(0);
    writer.close();
    const again = openWriter(path);
    expect(again.state.lastPosition).toBe(1500);
    again.addSlab(rows.slab.id, rows.slab.memory);
    for (let event = 0; event < 500; event++) rows.add(`late${event % 9}`, event);
    const segments = rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to }));
    again.commit([{ segments, progress: undefined, shapes: [] }]);
    expect(again.coldRange(0)?.after ?? done).toBe(done);
    packAll(again, path);
    again.close();
    expect(verifyStore(path)).toMatchObject({ ok: true, events: 2000, problems: [] });
  });

  test('whose segments are not those any more writes nothing, and the store says so', () => {
    const { path, writer } = smallCommits(1500);
    const result = {
      packed: [{ segment: { first: 1, count: 1024 }, replaces: 7 }] as never,
      done: 1024,
    };
    expect(() => writer.applyPacked(result)).toThrow(
      expect.objectContaining({ code: 'MILLRACE_STORE_CORRUPT' }),
    );
    writer.close();
    expect(verifyStore(path)).toMatchObject({ ok: true, events: 1500, problems: [] });
  });

  test('that a power cut tears in its swap leaves the segments of before or those of after, and every event', () => {
    const { path, writer } = smallCommits(1100);
    writer.close();
    const again = openWriter(path);
    const expected = read(path);
    packAll(again, path, 1);
    const [file, wal] = [readFileSync(path), readFileSync(`${path}-wal`)];
    const counts = new Set<number>();
    for (const cut of [...cuts(wal.length), wal.length]) {
      const torn = tempStore();
      writeFileSync(torn, file);
      writeFileSync(`${torn}-wal`, wal.subarray(0, cut));
      counts.add(segments(torn));
      expect(verifyStore(torn)).toMatchObject({ ok: true, events: 1100, problems: [] });
      expect(read(torn)).toEqual(expected);
    }
    expect(counts.size).toBe(2);
    again.close();
  });
});

describe('the threads of a store', () => {
  test('pack what is cold in a quiet moment, and readers see every event meanwhile', async () => {
    const path = tempStore();
    const store = new SqliteStore(path, 'NORMAL', 'run', 200);
    await store.open([ROW_TYPE]);
    const rows = new LogRows({ bytes: 2_000_000 });
    for (let event = 0; event < 2000; event++) {
      rows.add(`a${event % 50}`, event);
      if (event % 60 === 59) await store.commit({ segments: rows.take(), progress: undefined, shapes: [] });
    }
    const last = rows.take();
    await store.commit({ segments: last, progress: undefined, shapes: [] });
    using reader = openStoreReader(path);
    const before = reader.fingerprint();
    while (segments(path, 'packed = 1') < 1) {
      expect([...reader.read({ aggregateId: 'a7' })]).toHaveLength(40);
      expect(reader.summary()).toMatchObject({ lastPosition: 2000, aggregates: 50 });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(reader.fingerprint()).toBe(before);
    const name = store.reader.findName('a3');
    expect(store.reader.page({ aggregate: name?.id ?? 0, from: 1, limit: 99 })).toHaveLength(40);
    expect(verifyStore(path)).toMatchObject({ ok: true, events: 2000, problems: [] });
    await store.close();
    expect(verifyStore(path)).toMatchObject({ ok: true, events: 2000, problems: [] });
  });
});
