import { StoreError } from 'millrace/errors';
import { verifyStore } from 'millrace/store';
import { expect, test } from 'vitest';
import { Writer } from '../../../dist/src/store/writer.js';
import { oneValue } from '../../support/damaged-store.js';
import { LogRows, ROW_TYPE } from '../../support/log-rows.js';
import { tempStore } from '../../support/temp-folder.js';

function openWriter(path: string, rows: LogRows): Writer {
  const writer = new Writer({ path, synchronous: 'NORMAL', run: 'run', types: [ROW_TYPE] });
  writer.addSlab(rows.slab.id, rows.slab.memory);
  return writer;
}

/** What a store sends to its writer for the rows that were added. */
const commitOf = (rows: LogRows, shapes: readonly string[][] = []) => ({
  segments: rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to })),
  progress: undefined,
  shapes,
});

const segments = (path: string) => oneValue(path, 'SELECT count(*) FROM segments');

test('several commits of one transaction have one segment, and the chain goes on over restarts', () => {
  const path = tempStore();
  const rows = new LogRows();
  for (const round of [1, 2, 3]) {
    const writer = openWriter(path, rows);
    rows.add('a', round).add(`b-${round}`, round);
    const first = commitOf(rows);
    rows.add('a', round);
    writer.commit([first, commitOf(rows)]);
    rows.add('c', round);
    writer.commit([commitOf(rows)]);
    writer.close();
    expect(segments(path)).toBe(round * 2);
    expect(verifyStore(path)).toMatchObject({ ok: true, events: round * 4, problems: [] });
  }
});

test('shapes of a transaction without events are known to the next segment, also after a restart', () => {
  const path = tempStore();
  const rows = new LogRows();
  const first = openWriter(path, rows);
  first.commit([commitOf(rows.add('a', 1), [['one']])]);
  first.commit([commitOf(rows, [['two'], ['three', 'four']])]);
  first.commit([commitOf(rows.add('a', 2))]);
  first.commit([commitOf(rows, [['five']])]);
  first.close();
  expect(verifyStore(path)).toMatchObject({ ok: true, events: 2 });
  const second = openWriter(path, rows);
  second.commit([commitOf(rows.add('a', 3), [['six']])]);
  second.close();
  expect(verifyStore(path)).toMatchObject({ ok: true, events: 3, problems: [] });
});

test('a transaction that was rolled back leaves nothing in the chain, the progress or the index', () => {
  const path = tempStore();
  const rows = new LogRows();
  const writer = openWriter(path, rows);
  writer.commit([commitOf(rows.add('a', 1))]);
  const good = {
    ...commitOf(rows.add('new', 1).add('a', 2), [['shape']]),
    progress: { mark: 2, chunks: [] },
  };
  // Refused by the table, when everything else is written already.
  const letter = { position: 1, state: 'lost', error: { name: 'Error', message: '' } } as never;
  const bad = { ...good, deadLetters: { put: [letter], remove: [] } };
  expect(() => writer.commit([bad])).toThrow(StoreError);
  writer.commit([{ ...good, progress: undefined }]);
  // Writes the row that the progress lies in too.
  writer.index();
  writer.close();
  // Only a store without failures is indexed as it closes.
  openWriter(path, rows).close();
  expect(verifyStore(path)).toMatchObject({ ok: true, events: 3, problems: [] });
  expect(oneValue(path, 'SELECT mark FROM progress')).toBe(0);
});

test('progress that several commits of one transaction bring is all stored', () => {
  const path = tempStore();
  const rows = new LogRows();
  const writer = openWriter(path, rows);
  const chunk = (index: number) => ({ index, bits: new Uint8Array(1024).fill(index + 1) });
  const commit = (index: number) => ({
    ...commitOf(rows.add('a', index)),
    progress: { mark: 0, chunks: [chunk(index)] },
  });
  writer.commit([commit(0), commit(1), commitOf(rows.add('a', 2))]);
  writer.close();
  const again = openWriter(path, rows);
  const { chunks } = again.state.progress;
  again.close();
  expect(chunks.map(({ index, bits }) => [index, [...new Set(bits)]])).toEqual([
    [0, [1]],
    [1, [2]],
  ]);
});
