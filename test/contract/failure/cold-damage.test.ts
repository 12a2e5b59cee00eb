import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Engine, Notice } from 'millrace';
import { openStoreReader, verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { checkOptions } from '../../../dist/src/engine/check-options.js';
import { openIn, realWorld } from '../../../dist/src/engine/open.js';
import { RUN_PAGES } from '../../../dist/src/store/segments/limits.js';
import { Packer } from '../../../dist/src/store/segments/packer.js';
import { RunKind } from '../../../dist/src/store/segments/run.js';
import { SqliteStore } from '../../../dist/src/store/sqlite-store.js';
import { Writer } from '../../../dist/src/store/writer.js';
import { Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { oneValue, withSql } from '../../support/damaged-store.js';
import { LiveLog } from '../../support/live-log.js';
import { LogRows, ROW_TYPE } from '../../support/log-rows.js';
import { openForTests } from '../../support/open-test-engine.js';
import { packAll } from '../../support/pack-all.js';
import { tempStore } from '../../support/temp-folder.js';

const EVENTS = 6000;

/** A closed store with much to pack. */
function closedLog(text = ''): string {
  const log = new LiveLog(text);
  for (let commit = 0; commit < EVENTS / 1000; commit++) log.add(1000);
  log.writer.close();
  return log.path;
}

/** The segment whose first position is the third of those from 2000 on: it is in the midst of what is packed together. */
const firstOf = (store: string) =>
  Number(oneValue(store, 'SELECT first FROM segments WHERE first > 2000 ORDER BY first LIMIT 1 OFFSET 2'));

/** Zeros in the place of a page of SQLite: of the leaf in which a row of `segments` lies, or of the rest of its body. */
function withoutPage(path: string, first: number, kind: 'leaf' | 'overflow'): void {
  const database = new Database(path);
  const pages = database
    .prepare("SELECT pageno FROM dbstat WHERE name = 'segments' AND pagetype = ? ORDER BY path")
    .pluck()
    .all(kind) as number[];
  const all = Number(database.prepare('SELECT count(*) FROM segments').pluck().get());
  const before = Number(database.prepare('SELECT count(*) FROM segments WHERE first < ?').pluck().get(first));
  database.close();
  const page = pages[Math.floor((pages.length * before) / all)] as number;
  const file = openSync(path, 'r+');
  readSync(file, Buffer.alloc(1), 0, 1, 0);
  writeSync(file, Buffer.alloc(4096), 0, 4096, (page - 1) * 4096);
  closeSync(file);
}

const damages: readonly [string, (store: string) => string][] = [
  [
    'a changed body',
    (store) =>
      withSql(store, `UPDATE segments SET body = zeroblob(length(body)) WHERE first = ${firstOf(store)}`),
  ],
  ['a count', (store) => withSql(store, `UPDATE segments SET count = 1000 WHERE first = ${firstOf(store)}`)],
  [
    'a giant body',
    (store) =>
      withSql(store, `UPDATE segments SET body = zeroblob(30000000) WHERE first = ${firstOf(store)}`),
  ],
  [
    'a list of types',
    (store) => withSql(store, `UPDATE segments SET types = x'05' WHERE first = ${firstOf(store)}`),
  ],
  ['the first one', (store) => withSql(store, 'UPDATE segments SET chain = 7 WHERE first = 1')],
  ['several', (store) => withSql(store, 'UPDATE segments SET chain = 7 WHERE (first / 64) % 20 = 3')],
  ['all of them', (store) => withSql(store, 'UPDATE segments SET names = names + 1 WHERE first < 5000')],
];

function packedUpTo(writer: Writer, path: string): { readonly damage: number[]; readonly done: number } {
  const database = new Database(path);
  const packer = new Packer(database);
  const damage: number[] = [];
  for (;;) {
    const range = writer.coldRange(0);
    const result = range && packer.pack(range.after, range.until);
    if (!range || !result || result.done === range.after) break;
    if (result.damage) {
      expect(result.damage.code).toBe('MILLRACE_STORE_CORRUPT');
      damage.push(Number((result.damage.details as { position: number }).position));
    }
    const left = writer.applyPacked(result);
    if (left) damage.push(result.done);
  }
  database.close();
  return { damage, done: Number(oneValue(path, "SELECT value FROM meta WHERE key = 'packed'")) };
}

describe('packing leaves what is damaged as it is, and goes on behind it:', () => {
  test.each(damages)('%s', (_name, damaged) => {
    const path = damaged(closedLog());
    const before = verifyStore(path);
    expect(before.ok).toBe(false);
    const writer = new Writer({ path, synchronous: 'NORMAL', run: '', types: [] });
    const { damage, done } = packedUpTo(writer, path);
    expect(damage.length).toBeGreaterThan(0);
    expect(damage).toEqual(damage.toSorted((a, b) => a - b));
    expect(done).toBeGreaterThan(EVENTS - 1100);
    expect(Number(oneValue(path, 'SELECT count(*) FROM segments WHERE packed = 1'))).toBeGreaterThan(0);
    writer.close();
    const after = verifyStore(path);
    expect(after.firstBadPosition).toBe(before.firstBadPosition);
    expect(after.events).toBe(before.events);
  });

  test.each(['leaf', 'overflow'] as const)('a page of SQLite that cannot be read: %s', (kind) => {
    const path = closedLog(kind === 'overflow' ? 'x'.repeat(100) : '');
    withoutPage(path, 3000, kind);
    expect(verifyStore(path).ok).toBe(false);
    const writer = new Writer({ path, synchronous: 'NORMAL', run: '', types: [] });
    const { damage, done } = packedUpTo(writer, path);
    expect(damage.length).toBeGreaterThan(0);
    expect(done).toBeGreaterThan(EVENTS - 1100);
    for (const first of [1, EVENTS - 1500]) {
      const row = `SELECT packed FROM segments WHERE first <= ${first} ORDER BY first DESC LIMIT 1`;
      expect(oneValue(path, row)).toBe(1);
    }
    writer.close();
    expect(verifyStore(path).ok).toBe(false);
  });

  test('a whole store is packed as ever, and no damage is told', () => {
    const path = closedLog();
    const writer = new Writer({ path, synchronous: 'NORMAL', run: '', types: [] });
    expect(packedUpTo(writer, path).damage).toEqual([]);
    writer.close();
    expect(verifyStore(path)).toMatchObject({ ok: true, events: EVENTS });
  });
});

test('an engine goes on when what nobody reads is damaged, and says so once', async () => {
  const store = tempStore();
  const options = { store, durability: 'os' as const };
  const first = await openForTests(options);
  for (let part = 0; part < 3; part++) {
    await first.publishMany(oneTo(1000).map((value) => Noted({ note: `n${value % 7}`, value })));
  }
  await first.close();
  const path = withSql(store, 'UPDATE segments SET chain = 7 WHERE first > 500 AND first < 1500');
  const checked = checkOptions({ store: path, events: [Noted], threads: 0, durability: 'os' });
  for (const round of [1, 2]) {
    const cold = () => new SqliteStore(path, 'NORMAL', '', 0);
    const world = { ...realWorld(checked), makeStore: cold };
    const engine = (await openIn(checked, world)) as unknown as Engine;
    const notices: Notice[] = [];
    const told = Promise.withResolvers<Notice>();
    engine.onNotice((notice) => {
      notices.push(notice);
      if (notice.kind === 'store-damaged') told.resolve(notice);
    });
    // What is packed stays packed, so it is met again only where the log of before ended.
    if (round === 1) {
      expect(await told.promise).toMatchObject({
        error: { code: 'MILLRACE_STORE_CORRUPT', details: { position: expect.any(Number) } },
      });
    }
    while (Number(oneValue(path, "SELECT coalesce(max(value), 0) FROM meta WHERE key = 'packed'")) < 2000) {
      await engine.publish(Noted({ note: 'more', value: 1 }));
    }
    const { position } = await engine.publish(Noted({ note: 'last', value: round }));
    expect(await collect(engine, { fromPosition: position })).toHaveLength(1);
    await expect(collect(engine)).rejects.toMatchObject({ code: 'MILLRACE_STORE_CORRUPT' });
    expect(notices.filter(({ kind }) => kind === 'store-damaged')).toHaveLength(2 - round);
    await engine.close();
  }
  using reader = openStoreReader(path);
  expect(reader.last(1)).toMatchObject([{ data: { note: 'last' } }]);
  expect(verifyStore(path).ok).toBe(false);
});

test('a small group waits for the events that may still join it, also when the next ones are not cold yet', () => {
  using log = new LiveLog();
  for (const events of [60, 60, 60, 60, 60]) log.add(events);
  for (let commit = 0; commit < 20; commit++) log.add(64);
  const database = new Database(log.path);
  const packer = new Packer(database);
  // The next segments fit, and are not cold.
  expect(packer.pack(0, 60)).toEqual({ packed: [], done: 0 });
  expect(packer.pack(0, 119)).toEqual({ packed: [], done: 0 });
  const { packed, done } = packer.pack(0, 2000);
  expect(packed.map(({ replaces }) => replaces)).toEqual([4, 4, 4, 4, 4]);
  expect(packed.map(({ segment }) => segment.count)).toEqual([240, 252, 256, 256, 256]);
  expect(done).toBe(1260);
  database.close();
  packAll(log.writer, log.path);
});

describe('merging leaves runs of the index as they are when one of them is damaged, and goes on behind them:', () => {
  /** A closed store with two runs of each kind, of which none was merged. */
  function runsLog(): string {
    const log = new LiveLog();
    for (let run = 0; run < 2; run++) {
      log.add(1000);
      log.index();
    }
    log.writer.close();
    expect(Number(oneValue(log.path, 'SELECT count(*) FROM runs'))).toBe(4);
    return log.path;
  }

  const pageOf = (kind: RunKind) =>
    `(SELECT id * ${RUN_PAGES} FROM runs WHERE kind = ${kind} ORDER BY low LIMIT 1)`;

  test.each([
    [
      'a page of positions',
      (path: string) =>
        withSql(
          path,
          `UPDATE run_pages SET body = zeroblob(length(body)) WHERE id = ${pageOf(RunKind.Events)}`,
        ),
    ],
    [
      'a page of names',
      (path: string) =>
        withSql(path, `UPDATE run_pages SET checksum = 1 WHERE id = ${pageOf(RunKind.Names)}`),
    ],
    [
      'a page that is gone',
      (path: string) => withSql(path, `DELETE FROM run_pages WHERE id = ${pageOf(RunKind.Events)}`),
    ],
  ])('%s', (_name, damaged) => {
    const path = damaged(runsLog());
    expect(verifyStore(path)).toMatchObject({ ok: false, events: 2000 });
    for (const _open of [1, 2]) {
      const writer = new Writer({ path, synchronous: 'NORMAL', run: '', types: [ROW_TYPE] });
      const rows = new LogRows({ after: writer.state.lastPosition, names: writer.state.lastName });
      writer.addSlab(rows.slab.id, rows.slab.memory);
      const damage: (Error | undefined)[] = [];
      for (let run = 0; run < 40; run++) {
        rows.add(`later${writer.state.lastName}-${run}`, run);
        const segments = rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to }));
        writer.commit([{ segments, progress: undefined, shapes: [] }]);
        do damage.push(writer.takeDamage());
        while (writer.indexQuietly());
        damage.push(writer.takeDamage());
      }
      expect(damage.filter((one) => one !== undefined)).toMatchObject([{ code: 'MILLRACE_STORE_CORRUPT' }]);
      writer.close();
      // Those that came since are merged.
      expect(Number(oneValue(path, 'SELECT count(*) FROM runs'))).toBeLessThan(30);
      expect(Number(oneValue(path, 'SELECT max(tier) FROM runs'))).toBeGreaterThan(0);
    }
    const report = verifyStore(path);
    expect(report).toMatchObject({ ok: false, events: 2080 });
    expect(new Set(report.problems.map(({ kind }) => kind))).toEqual(new Set(['index']));
    using reader = openStoreReader(path);
    expect([...reader.read()]).toHaveLength(2080);
  });
});
