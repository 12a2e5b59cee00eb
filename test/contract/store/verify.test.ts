import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { MillraceError } from 'millrace';
import { openStoreReader, verifyStore } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { MAX_VERIFY_PROBLEMS } from '../../../dist/src/limits.js';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { makeStore, markerOf, oneValue, withBytes, withSql } from '../../support/damaged-store.js';
import { openFilesIn } from '../../support/open-files.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { withEvents } from '../../support/segment-edit.js';
import { tempStore } from '../../support/temp-folder.js';

let store: string;
let last: number;

beforeAll(async () => {
  store = await makeStore();
  last = verifyStore(store).events;
});

/** Position of the event whose payload or metadata holds the text. */
function positionWith(text: string): number {
  using reader = openStoreReader(store);
  const found = [...reader.read()].find((event) => JSON.stringify(event).includes(text));
  expect(found).toBeDefined();
  return found?.position as number;
}

describe('a store that is whole', () => {
  test('has no problems', () => {
    using reader = openStoreReader(store);
    const { lastPosition, aggregates, unfinished } = reader.summary();
    expect(unfinished).toBeGreaterThan(0);
    expect(verifyStore(store)).toEqual({
      path: store,
      ok: true,
      events: lastPosition,
      aggregates,
      problems: [],
      more: 0,
    });
  });

  test('has none either when it is new', async () => {
    const path = tempStore();
    await (await openTestEngine({ store: path })).close();
    expect(verifyStore(path)).toMatchObject({ ok: true, events: 0, aggregates: 0 });
  });

  test('has none while an engine writes into it', async () => {
    const path = tempStore();
    const engine = await openTestEngine({ store: path, durability: 'os' });
    let writing = true;
    const written = (async () => {
      for (let round = 0; round < 40; round++) {
        await engine.publishMany(
          oneTo(500).map((value) => Noted({ note: `n${value % 90}-${round}`, value })),
        );
      }
      writing = false;
    })();
    let checks = 0;
    while (writing) {
      const report = verifyStore(path);
      expect(report.problems).toEqual([]);
      checks++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await written;
    expect(checks).toBeGreaterThan(3);
    expect(verifyStore(path)).toMatchObject({ ok: true, events: 20_000 });
    await engine.close();
    expect(verifyStore(path)).toMatchObject({ ok: true, events: 20_000 });
  });
});

describe('one flipped bit of a payload or its metadata is found at its event, and nothing else is blamed:', () => {
  const places: readonly [string, () => string, number][] = [
    ['the first character of the first one', () => markerOf(0, 0, 1), 0],
    ['in the middle of the log', () => markerOf(0, 4, 40), 3],
    ['in the last transaction', () => markerOf(1, 4, 39), 5],
    ['metadata', () => `story-${markerOf(1, 2, 20)}`, 2],
    ['the overflow pages of a large payload', () => 'middle-1', 1],
  ];
  test.each(places)('%s', (_name, textOf, at) => {
    const text = textOf();
    const position = positionWith(text);
    const path = withBytes(store, (bytes) => {
      const index = bytes.lastIndexOf(text) + at;
      expect(index).toBeGreaterThan(at);
      bytes[index] = (bytes[index] as number) ^ 0x04;
    });
    expect(verifyStore(path)).toMatchObject({
      ok: false,
      events: last,
      firstBadPosition: position,
      problems: [{ kind: 'event', position, message: expect.stringContaining('checksum') }],
      more: 0,
    });
  });
});

describe('one changed byte in any part of the file is found, or the file refused:', () => {
  const PAGE = 4096;
  const rootOf = (table: string) =>
    Number(oneValue(store, `SELECT rootpage FROM sqlite_schema WHERE name = '${table}'`));
  const places: readonly [string, () => number][] = [
    ['the first byte', () => 0],
    ['the page size', () => 16],
    ['the format', () => 63],
    ['the application id', () => 69],
    ['the schema', () => readFileSync(store).indexOf('chain INTEGER NOT NULL')],
    ...[
      'meta',
      'event_types',
      'payload_shapes',
      'names',
      'names_by_number',
      'segments',
      'runs',
      'run_pages',
      'progress',
      'dead_letters',
    ].flatMap((table): [string, () => number][] => [
      [`the page header of ${table}`, () => (rootOf(table) - 1) * PAGE],
      // Where the numbers of rows have gaps, what separates two pages may be any number between.
      ...(table === 'segments'
        ? []
        : [[`the page's end of ${table}`, () => rootOf(table) * PAGE - 1] as [string, () => number]]),
    ]),
  ];
  test.each(places)('%s', (_name, offset) => {
    const path = withBytes(store, (bytes) => {
      const at = offset();
      expect(at).toBeGreaterThanOrEqual(0);
      bytes[at] = (bytes[at] as number) ^ 0x02;
    });
    try {
      expect(verifyStore(path).ok).toBe(false);
    } catch (error) {
      expect(error).toBeInstanceOf(MillraceError);
    }
  });
});

/** Makes the first row of a table's first page the last one by its number, so that reading on leads back to it. */
function outOfOrder(bytes: Buffer, page: number): void {
  const start = (page - 1) * 4096;
  // A leaf: behind its header of 8 bytes the place of the first cell, which begins with its length and its number.
  expect(bytes[start]).toBe(13);
  let at = start + bytes.readUInt16BE(start + 8);
  while ((bytes[at] as number) > 0x7f) at++;
  const number = at + 1;
  bytes[number] = (bytes[number] as number) > 0x7f ? 0xff : 0x7f;
}

test.each(['dead_letters', 'names', 'runs'])('%s out of order: verification ends', (table) => {
  const root = Number(oneValue(store, `SELECT rootpage FROM sqlite_schema WHERE name = '${table}'`));
  const path = withBytes(store, (bytes) => outOfOrder(bytes, root));
  const [first] = verifyStore(path).problems;
  expect(first).toMatchObject({ kind: 'structure', message: expect.stringContaining('out of order') });
});

test('more problems than anybody reads are counted', () => {
  const report = verifyStore(
    withEvents(store, (event) => {
      event.occurredAt = 5;
    }),
  );
  expect(report.problems).toHaveLength(MAX_VERIFY_PROBLEMS);
  expect(report).toMatchObject({ ok: false, more: last - MAX_VERIFY_PROBLEMS, firstBadPosition: 1 });
});

test('a reader that cannot be opened leaves no file open', () => {
  const path = withSql(store, 'DROP TABLE dead_letters');
  expect(() => openStoreReader(path)).toThrow(MillraceError);
  expect(openFilesIn(dirname(path))).toEqual([]);
});

test('a store whose progress is damaged does not open: events would be handled twice, or never', async () => {
  const path = withSql(store, 'UPDATE progress SET mark = mark - 1');
  await expect(openTestEngine({ store: path })).rejects.toMatchObject({
    code: 'MILLRACE_STORE_CORRUPT',
    message: expect.stringContaining('millrace verify'),
  });
});
