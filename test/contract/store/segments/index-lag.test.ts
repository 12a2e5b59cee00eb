import Database from 'better-sqlite3';
import { verifyStore } from 'millrace/store';
import { expect, test } from 'vitest';
import { Indexer } from '../../../../dist/src/store/segments/indexer.js';
import { INDEX_LAG, INDEX_STEPS } from '../../../../dist/src/store/segments/limits.js';
import { SEGMENT_SCHEMA } from '../../../../dist/src/store/segments/schema.js';
import { PROGRESS_SCHEMA, ProgressTable } from '../../../../dist/src/store/tables/progress-table.js';
import { Writer } from '../../../../dist/src/store/writer.js';
import { oneValue } from '../../../support/damaged-store.js';
import { LogRows, ROW_TYPE } from '../../../support/log-rows.js';
import { tempStore } from '../../../support/temp-folder.js';

const COMMIT = 2048;

/** Pages that so many steps write and remove at most: an entry takes at least five bytes of 1,000. */
const PAGES_MOST = INDEX_STEPS / 200 + INDEX_STEPS / 2 / 8 + 100;

test('the index keeps up with 2.2 million events of as many new names, and no transaction does much of it', () => {
  const database = new Database(':memory:');
  database.exec(SEGMENT_SCHEMA);
  database.exec(PROGRESS_SCHEMA);
  const indexer = new Indexer(database, new ProgressTable(database));
  const changes = database.prepare('SELECT total_changes()').pluck();
  const runs = database.prepare('SELECT count(*) FROM runs').pluck();
  let [behind, pages, most, hash] = [0, 0, 0, 1];
  for (let id = 1; id <= 2_200_000; id++) {
    hash = (Math.imul(hash, 1_664_525) + 1_013_904_223) >>> 0;
    indexer.addName(hash, id);
    indexer.addEvent(id, 1);
    if (id % COMMIT !== 0) continue;
    const before = Number(changes.get());
    database.exec('BEGIN');
    indexer.keepUp(id / COMMIT);
    database.exec('COMMIT');
    indexer.committed();
    pages = Math.max(pages, Number(changes.get()) - before);
    behind = Math.max(behind, indexer.waiting);
    most = Math.max(most, Number(runs.get()));
  }
  expect(behind).toBeLessThan(INDEX_LAG);
  expect(pages).toBeLessThan(PAGES_MOST);
  // Of two kinds and two tiers: the eight of a merge that is under way, and those that came meanwhile.
  expect(most).toBeLessThan(2 * 2 * 12);
  database.close();
}, 120_000);

test('before commits that are too long for their share of the index the writer does pieces of it', () => {
  const path = tempStore();
  const writer = new Writer({ path, synchronous: 'NORMAL', run: 'run', types: [ROW_TYPE] });
  const slabs = 60;
  let name = 0;
  let id = 0;
  for (let round = 0; round < 5; round++) {
    const segments = [];
    const first = id + 1;
    for (let part = 0; part < slabs; part++) {
      const rows = new LogRows({ bytes: COMMIT * 24, id: ++id, after: name, names: name });
      for (let row = 0; row < COMMIT; row++) rows.add(`n-${++name}`, 1);
      writer.addSlab(id, rows.slab.memory);
      segments.push(...rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to })));
    }
    writer.commit([{ segments, progress: undefined, shapes: [] }]);
    expect(name - writer.indexed).toBeLessThanOrEqual(INDEX_LAG);
    for (let slab = first; slab <= id; slab++) writer.forgetSlab(slab);
  }
  expect(writer.indexed).toBeGreaterThan(0);
  writer.close();
}, 120_000);

/** A store with five runs of each kind: as many as are merged in a quiet moment. */
function fiveRuns(path: string): number {
  const rows = new LogRows({ bytes: 1_000_000 });
  const writer = open(path);
  writer.addSlab(rows.slab.id, rows.slab.memory);
  for (let round = 0; round < 5; round++) {
    // Old aggregates, new ones, and one whose events fill pages.
    for (let event = 0; event < 120; event++) rows.add(`old-${event % 7}`, 1).add(`new-${round}-${event}`, 1);
    for (let event = 0; event < 150; event++) rows.add('hot', event);
    const segments = rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to }));
    writer.commit([{ segments, progress: undefined, shapes: [] }]);
    writer.index();
  }
  writer.close();
  return 5 * 390;
}

const open = (path: string) => new Writer({ path, synchronous: 'NORMAL', run: 'run', types: [ROW_TYPE] });

const HALF = 'SELECT count(*) FROM runs WHERE kind > 2';

test('a merge of which each opening does only a little ends at last, and the log is whole at each close', () => {
  const path = tempStore();
  const events = fiveRuns(path);
  let openings = 0;
  let half = 0;
  while (Number(oneValue(path, 'SELECT count(*) FROM runs WHERE tier = 0 AND kind < 3')) > 2) {
    const writer = open(path);
    for (let piece = 0; piece < 3; piece++) writer.indexQuietly(40);
    writer.close();
    expect(verifyStore(path)).toMatchObject({ ok: true, events, problems: [] });
    half += Number(oneValue(path, HALF));
    expect(++openings).toBeLessThan(60);
  }
  expect(openings).toBeGreaterThan(5);
  expect(half).toBeGreaterThan(3);
  const writer = open(path);
  while (writer.indexQuietly(40));
  writer.close();
  expect(oneValue(path, HALF)).toBe(0);
  expect(oneValue(path, 'SELECT count(*) FROM run_pages')).toBe(
    oneValue(path, 'SELECT sum(length(fences) / 8) FROM runs'),
  );
  expect(verifyStore(path)).toMatchObject({ ok: true, events, problems: [] });
});

test.each([
  [
    'its last page is damaged',
    'UPDATE run_pages SET checksum = 1 WHERE id IN (SELECT (id << 22) + length(fences) / 8 - 1 FROM runs WHERE kind > 2)',
  ],
  ['one of its runs is not there', 'DELETE FROM runs WHERE kind = 1 AND low = 2'],
  ['it has no pages', 'DELETE FROM run_pages WHERE (id >> 22) IN (SELECT id FROM runs WHERE kind > 2)'],
])('a merge that is half done begins anew when %s', (_what, damage) => {
  const path = tempStore();
  fiveRuns(path);
  const writer = open(path);
  for (let piece = 0; piece < 9; piece++) writer.indexQuietly(40);
  writer.close();
  expect(oneValue(path, HALF)).toBeGreaterThan(0);
  const database = new Database(path);
  database.exec(damage);
  database.close();
  const again = open(path);
  while (again.indexQuietly(40));
  again.close();
  expect(oneValue(path, HALF)).toBe(0);
  expect(oneValue(path, 'SELECT count(*) FROM run_pages')).toBe(
    oneValue(path, 'SELECT sum(length(fences) / 8) FROM runs'),
  );
});

test('a damaged page of a merge that is half done is found by verification', () => {
  const path = tempStore();
  fiveRuns(path);
  const writer = open(path);
  for (let piece = 0; piece < 9; piece++) writer.indexQuietly(40);
  writer.close();
  expect(verifyStore(path).problems).toEqual([]);
  const database = new Database(path);
  database.exec('UPDATE run_pages SET checksum = 1 WHERE id IN (SELECT id << 22 FROM runs WHERE kind > 2)');
  database.close();
  expect(verifyStore(path).problems).toMatchObject([{ kind: 'index' }]);
});
