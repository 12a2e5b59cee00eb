import { copyFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { openEngine } from 'millrace';
import { openStoreReader, verifyStore } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { ALL_EVENTS, Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { withEvents } from '../../support/segment-edit.js';
import { tempStore } from '../../support/temp-folder.js';

/** A store whose consumer is done with everything but a parked key. */
let sample: string;

beforeAll(async () => {
  sample = tempStore();
  await using engine = await openEngine({ events: ALL_EVENTS, threads: 0, store: sample, durability: 'os' });
  await engine.publishMany(oneTo(30).map((value) => Noted({ note: `n${value % 3}`, value })));
  const consumer = await engine.consumers.start({
    name: 'mailer',
    handle: ({ position }) => {
      if (position === 7) throw new Error('no');
    },
  });
  await consumer.whenCaughtUp();
});

function changed(sql: string): string {
  const store = tempStore();
  copyFileSync(sample, store);
  const database = new Database(store);
  database.exec(sql);
  database.close();
  return store;
}

test('inspect says what a consumer is at', () => {
  using reader = openStoreReader(sample);
  expect(reader.summary().consumers).toEqual([
    { name: 'mailer', position: 6, lag: 8, parked: 1, skipped: 0 },
  ]);
  expect(verifyStore(sample)).toMatchObject({ ok: true, problems: [] });
});

describe('verify finds what was changed of a consumer, and the engine refuses to go by it', () => {
  test.each([
    ['the position', 'UPDATE consumers SET mark = 5'],
    ['the name', "UPDATE consumers SET name = 'other'"],
    ['the bits', 'UPDATE consumer_chunks SET bits = zeroblob(1024)'],
    ['bits of another length', "UPDATE consumer_chunks SET bits = x'00'"],
    ['whose bits they are', "UPDATE consumer_chunks SET consumer = 'other'"],
    ['the state of a failed event', "UPDATE consumer_failures SET state = 'skipped'"],
    ['its position', 'UPDATE consumer_failures SET position = 8'],
    ['its error', "UPDATE consumer_failures SET error = '{}'"],
  ])('%s', async (_what, sql) => {
    const store = changed(sql);
    const { ok, problems } = verifyStore(store);
    expect(ok).toBe(false);
    expect([...new Set(problems.map(({ kind }) => kind))]).toEqual(['consumer']);
    await using engine = await openEngine({ events: ALL_EVENTS, threads: 0, store, durability: 'os' });
    expect(() => engine.consumers.list()).toThrow(
      expect.objectContaining({ code: 'MILLRACE_STORE_CORRUPT' }),
    );
    await engine.publish(Noted({ note: 'the log itself is whole' }));
  });

  test.each([
    ['a table is missing', 'DROP TABLE consumer_failures'],
    ['a table of another form', 'DROP TABLE consumers; CREATE TABLE consumers (name TEXT, mark, checksum)'],
    [
      'a view in its place',
      'DROP TABLE consumers; CREATE VIEW consumers AS SELECT 1 AS name, 2 AS mark, 3 AS checksum',
    ],
    ['a trigger', 'CREATE TRIGGER t AFTER INSERT ON consumers BEGIN DELETE FROM consumers; END'],
  ])('%s: the file is not opened', async (_what, sql) => {
    const store = changed(sql);
    expect(verifyStore(store).problems).toContainEqual(expect.objectContaining({ kind: 'schema' }));
    await expect(
      openEngine({ events: ALL_EVENTS, threads: 0, store, durability: 'os' }),
    ).rejects.toMatchObject({ code: 'MILLRACE_STORE_CORRUPT' });
  });
});

test('a position beyond the end of the log is found', () => {
  const store = changed('DELETE FROM consumer_failures');
  const cut = withEvents(store, ({ position }) => position <= 20);
  expect(verifyStore(cut).problems).toContainEqual(
    expect.objectContaining({ kind: 'consumer', message: expect.stringContaining('above position 20') }),
  );
});
