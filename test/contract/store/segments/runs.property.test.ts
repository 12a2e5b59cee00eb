import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Merge } from '../../../../dist/src/store/segments/merge.js';
import {
  PAGE_COLUMNS,
  type PageReader,
  pageId,
  type Run,
  RunKind,
} from '../../../../dist/src/store/segments/run.js';
import { RunReader } from '../../../../dist/src/store/segments/run-reader.js';
import { RunTable } from '../../../../dist/src/store/segments/run-table.js';
import { RunWriter } from '../../../../dist/src/store/segments/run-writer.js';
import { SEGMENT_SCHEMA } from '../../../../dist/src/store/segments/schema.js';
import { checkProperty } from '../../../support/property.js';

/** Aggregates of a log, in the order of its events. */
const log = fc.array(fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 2 ** 32 - 1 })), { maxLength: 400 });

/** Writes the events behind those that are indexed as a run, as a pass does. */
function pass(table: RunTable, aggregates: readonly number[], from: number, to: number): void {
  const positions = new Map<number, number[]>();
  const versions = new Map<number, number>();
  aggregates.slice(0, to).forEach((aggregate, index) => {
    if (index < from) versions.set(aggregate, (versions.get(aggregate) ?? 0) + 1);
    else positions.set(aggregate, [...(positions.get(aggregate) ?? []), index + 1]);
  });
  const writer = new RunWriter(table, RunKind.Events, from + 1);
  for (const key of [...positions.keys()].sort((a, b) => a - b)) {
    const version = (versions.get(key) ?? 0) + 1;
    positions.get(key)?.forEach((position, index) => {
      writer.add(key, version + index, position);
    });
  }
  writer.finish(0, to);
}

test('runs, merged or not, find the positions of each aggregate from any version on', async () => {
  await checkProperty(
    fc.property(
      log,
      fc.array(fc.nat({ max: 400 }), { maxLength: 6 }),
      fc.boolean(),
      (aggregates, cuts, merges) => {
        const database = new Database(':memory:');
        database.exec(SEGMENT_SCHEMA);
        const table = new RunTable(database);
        const ends = [...new Set([...cuts.filter((cut) => cut < aggregates.length), aggregates.length])];
        let from = 0;
        for (const to of ends.sort((a, b) => a - b)) {
          if (to > from) pass(table, aggregates, from, to);
          from = Math.max(from, to);
        }
        const reader = new RunReader(database);
        const runs = reader.runs(RunKind.Events);
        if (merges && runs.length > 1) mergeAll(database, table, runs);
        for (const aggregate of new Set([...aggregates, 7, 4_294_967_295])) {
          const expected = aggregates.flatMap((one, index) => (one === aggregate ? [index + 1] : []));
          expect(reader.lastVersion(RunKind.Events, aggregate)).toBe(expected.length);
          for (const version of [1, 2, expected.length]) {
            const found: number[] = [];
            for (const { version: first, values } of reader.find(RunKind.Events, aggregate, version)) {
              found.push(...values.subarray(Math.max(0, version - first)));
            }
            expect(found).toEqual(expected.slice(Math.max(0, version - 1)));
          }
        }
        database.close();
      },
    ),
    { runs: 100 },
  );
});

function mergeAll(database: Database.Database, table: RunTable, runs: readonly Run[]): void {
  const page = database.prepare(`SELECT ${PAGE_COLUMNS} FROM run_pages WHERE id = ?`).raw();
  const read = (run: Run, number: number, into: PageReader) =>
    into.open(run, number, page.get(pageId(run.id, number)) as [unknown, unknown]);
  const merge = new Merge(table, runs, read);
  let pieces = 0;
  while (merge.write(7) === 0) pieces++;
  expect(pieces).toBeGreaterThanOrEqual(0);
  const left = database.prepare('SELECT id, tier FROM runs').all() as { id: number; tier: number }[];
  expect(left).toMatchObject([{ tier: 1 }]);
  while (table.hasLeft) table.tidy(3);
  const others = database.prepare('SELECT count(*) FROM run_pages WHERE id < ? OR id >= ?').pluck();
  const id = left[0]?.id ?? 0;
  expect(others.get(pageId(id, 0), pageId(id + 1, 0))).toBe(0);
}

test('one aggregate of very many events is found from its last version without reading all pages', () => {
  const database = new Database(':memory:');
  database.exec(SEGMENT_SCHEMA);
  const writer = new RunWriter(new RunTable(database), RunKind.Events, 1);
  writer.add(1, 1, 1);
  for (let index = 0; index < 100_000; index++) writer.add(2, 5 + index, 2 + 3 * index);
  writer.add(3, 1, 3);
  writer.finish(0, 300_001);
  const reader = new RunReader(database);
  expect(reader.lastVersion(RunKind.Events, 2)).toBe(100_004);
  expect(reader.lastVersion(RunKind.Events, 3)).toBe(1);
  expect(reader.lastVersion(RunKind.Events, 1)).toBe(1);
  const found = [...reader.find(RunKind.Events, 2, 100_000)];
  expect(found).toHaveLength(1);
  expect(found[0]?.values.at(-1)).toBe(2 + 3 * 99_999);
  database.close();
});
