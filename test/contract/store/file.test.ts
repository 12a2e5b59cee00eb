import Database from 'better-sqlite3';
import type { Engine } from 'millrace';
import { openStoreReader } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Writer } from '../../../dist/src/store/writer.js';
import { Deposited, Noted } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

/** Runs one query on a closed or open store, as a person with the sqlite3 shell would. */
function query(store: string, sql: string): Record<string, unknown>[] {
  const database = new Database(store, { readonly: true });
  try {
    return database.prepare(sql).all() as Record<string, unknown>[];
  } finally {
    database.close();
  }
}

describe('a store file', () => {
  test('says whose it is, and what reads it, to a person with a SQLite shell', async () => {
    const store = tempStore();
    const engine = await openTestEngine({ store, handlers: [handlers('account')] });
    await engine.publish(Deposited({ account: 'bank', amount: 3 }, { occurredAt: Date.UTC(2024, 1, 29) }));
    await engine.drain();
    await engine.close();
    expect(query(store, 'PRAGMA application_id')).toEqual([{ application_id: 0x4d494c4c }]);
    const said = query(store, 'SELECT text FROM readme ORDER BY line').map(({ text }) => text);
    expect(said).toHaveLength(3);
    expect(said.join(' ')).toMatch(/event log of Millrace.*format 2.*millrace sql FILE.*file-format\.md/);
    expect(query(store, 'SELECT first, count FROM segments ORDER BY first')[0]).toEqual({
      first: 1,
      count: 1,
    });
  });

  test('is whole after close: nothing is left in the WAL, and SQLite finds no fault', async () => {
    const store = tempStore();
    const engine = await openTestEngine({ store, durability: 'os' });
    await engine.publishMany(oneTo(5000).map((value) => Noted({ note: `n${value % 9}`, value })));
    await engine.close();
    expect(query(store, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    using reader = openStoreReader(store);
    expect(reader.summary()).toMatchObject({ lastPosition: 5000, mark: 5000, aggregates: 9, unfinished: 0 });
    expect(reader.last(2).map(({ position }) => position)).toEqual([4999, 5000]);
    expect([...reader.read({ aggregateId: 'n1', fromVersion: 555 })].map(({ version }) => version)).toEqual([
      555, 556,
    ]);
  });

  test.each([
    ['disk', 'FULL', 2],
    ['os', 'NORMAL', 1],
  ] as const)('%s is written with synchronous = %s', (_durability, synchronous, level) => {
    const asked: unknown[] = [];
    const { pragma } = Database.prototype;
    // The level belongs to the connection, so it is looked at where the writer asserts it.
    Database.prototype.pragma = function (this: Database.Database, text: string, options?: never) {
      const result = pragma.call(this, text, options);
      if (text === 'synchronous') asked.push(result);
      return result;
    } as typeof pragma;
    try {
      const types = [{ name: 'a.b', version: 1, volatile: [] }];
      const writer = new Writer({ path: tempStore(), synchronous, run: 'r', types });
      writer.close();
    } finally {
      Database.prototype.pragma = pragma;
    }
    expect(asked).toEqual([level]);
  });
});

describe('the index of aggregates', () => {
  // So many that the writer needs several pieces for one pass.
  const aggregates = 20_000;
  const versionsOf = async (engine: Engine, fromVersion?: number) => {
    const options = { aggregateId: 'n3', ...(fromVersion !== undefined && { fromVersion }) };
    return (await collect(engine, options)).map(({ version }) => version);
  };
  const indexed = (store: string) => query(store, 'SELECT indexed FROM progress')[0]?.indexed as number;

  test('is filled on the way and on close, and a read crosses from it into the tail', async () => {
    const store = tempStore();
    const engine = await openTestEngine({ store, durability: 'os' });
    const rounds = (count: number) =>
      oneTo(count * aggregates).map((number) => Noted({ note: `n${number % aggregates}` }));
    await engine.publishMany(rounds(11));
    // A pass goes on between commits; whatever it has come to, a reader sees each version once.
    let version = 11;
    while (indexed(store) === 0) {
      expect((await engine.publish(Noted({ note: 'n3' }))).version).toBe(++version);
      expect(await versionsOf(engine)).toEqual(oneTo(version));
    }
    expect(indexed(store)).toBeLessThan(engine.stats().lastPosition);
    expect(await versionsOf(engine, 10)).toEqual(oneTo(version).slice(9));
    await engine.close();
    expect(indexed(store)).toBe(engine.stats().lastPosition);
    const reopened = await openTestEngine({ store, durability: 'os' });
    expect(await versionsOf(reopened)).toEqual(oneTo(version));
    expect((await reopened.publish(Noted({ note: 'n3' }))).version).toBe(version + 1);
    expect(await versionsOf(reopened, version)).toEqual([version, version + 1]);
  });

  test('finds the versions of more aggregates than are loaded at open', async () => {
    const store = tempStore();
    const many = 200_010;
    const first = await openTestEngine({ store, durability: 'os' });
    await first.publishMany(oneTo(many).map((number) => Noted({ note: `name-${number}` })));
    await first.close();
    const second = await openTestEngine({ store, durability: 'os' });
    const notes = [1, many, many + 1, 1].map((number) => Noted({ note: `name-${number}` }));
    const versions = (await Promise.all(notes.map((note) => second.publish(note)))).map(
      ({ version }) => version,
    );
    expect(versions).toEqual([2, 2, 1, 3]);
    expect(await collect(second, { aggregateId: 'name-1' })).toHaveLength(3);
  });
});
