import { cpSync, linkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import type { Engine } from 'millrace';
import { createEventStorage } from 'millrace/bus';
import {
  discardDeadLetters,
  openStoreReader,
  retryDeadLetters,
  traceStory,
  verifyStore,
} from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { ALL_EVENTS, Noted, Parking } from '../../handlers/events.mjs';
import { Child } from '../../support/child.js';
import { collect } from '../../support/collect.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { lostLocks } from '../../support/posix-locks.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

const hasLockTable = process.platform === 'linux';

/** Everything that can be asked of an open store, or of its file, in the process that has it open. */
const CALLS: Readonly<Record<string, (engine: Engine, store: string) => unknown>> = {
  publish: (engine) => engine.publish(Noted({ note: 'b' })),
  append: (engine) => engine.append('c', [Noted({ note: 'c' })]),
  'read, from its start': (engine) => collect(engine),
  'read of an aggregate': (engine) => collect(engine, { aggregateId: 'a' }),
  'the dead letters': (engine) => engine.deadLetters.list(),
  'retrying a dead letter': (engine) => engine.deadLetters.retry(2).catch(() => {}),
  trace: (engine) => engine.trace({ position: 1 }),
  health: (engine) => engine.health(),
  stats: (engine) => engine.stats(),
  drain: (engine) => engine.drain(),
  setThreads: (engine) => engine.setThreads(1),
  'a fingerprint': (engine) => engine.fingerprint(),
  recover: (engine) => engine.recover(),
  'a reader': (_, store) => {
    using reader = openStoreReader(store);
    reader.summary();
    reader.last(5);
    reader.fingerprint();
    traceStory(reader, { position: 1 });
    return [[...reader.read()], [...reader.deadLetters()]];
  },
  verifyStore: (_, store) => verifyStore(store),
  'a second engine': (_, store) => openTestEngine({ store }).catch(() => {}),
  'an event storage': (_, store) => createEventStorage({ path: store, events: ALL_EVENTS }).catch(() => {}),
  'dead letters by file': (_, store) => {
    for (const edit of [retryDeadLetters, discardDeadLetters]) expect(() => edit(store, 'all')).toThrow();
  },
  'a reader and verifyStore by a hard link': (_, store) => {
    const link = join(tempFolder(), 'link.db');
    linkSync(store, link);
    const locked = expect.objectContaining({ code: 'MILLRACE_STORE_LOCKED' });
    // Its WAL lies beside the other name.
    expect(() => openStoreReader(link)).toThrow(locked);
    expect(() => verifyStore(link)).toThrow(locked);
  },
};

describe.skipIf(!hasLockTable)('an engine keeps its locks on its files through', () => {
  test.each(Object.keys(CALLS))('%s', async (name) => {
    const store = tempStore();
    const options = { store, events: ALL_EVENTS, handlers: [handlers('failing')] };
    const first = await openTestEngine(options);
    await first.publish(Noted({ note: 'a' }));
    await first.publish(Parking({ id: 'p', number: 1, failures: 1000 }));
    await first.drain();
    await first.close();
    // A store that is opened again: its header can be looked at.
    const engine = await openTestEngine(options);
    expect(lostLocks(store)).toEqual([]);
    await CALLS[name]?.(engine, store);
    expect(lostLocks(store)).toEqual([]);
  });
});

test('another program opens and closes the file while events are published, and the process is killed: none is lost', async () => {
  const store = tempStore();
  await (await openTestEngine({ store, events: ALL_EVENTS })).close();
  const acknowledged: number[] = [];
  for (let round = 1; round <= 3; round++) {
    const child = new Child('publish-until-killed.mjs', store, 'os', '0');
    await child.wrote(60);
    const outsider = new Database(store);
    outsider.prepare('SELECT count(*) FROM segments').get();
    outsider.close();
    // At once: what the other program should not have thrown away is not yet in the file.
    await child.kill();
    expect(child.lines.length).toBeGreaterThan(1);
    for (const line of child.lines.slice(1, -1)) acknowledged.push(Number(line.split(' ')[0]));
  }
  using reader = openStoreReader(store);
  const positions = new Set([...reader.read()].map(({ position }) => position));
  expect(acknowledged.filter((position) => !positions.has(position))).toEqual([]);
  expect(verifyStore(store).problems).toEqual([]);
});

test('an engine whose folder was copied in its own process is still the only one, and goes on', async () => {
  const store = tempStore();
  const first = await openTestEngine({ store });
  await first.publish(Noted({ note: 'a' }));
  cpSync(dirname(store), join(tempFolder(), 'copy'), { recursive: true });
  await expect(openTestEngine({ store })).rejects.toMatchObject({ code: 'MILLRACE_STORE_LOCKED' });
  expect(await first.publish(Noted({ note: 'b' }))).toMatchObject({ position: 2 });
  await first.close();
  expect(verifyStore(store)).toMatchObject({ ok: true, events: 2 });
});

test.skipIf(!hasLockTable)(
  'nothing of ours touches a store from outside whose engine lost its locks by a copy in its own process',
  async () => {
    const store = tempStore();
    const child = new Child('publish-until-killed.mjs', store, 'os', '0', join(tempFolder(), 'copy'));
    await child.wrote(60);
    const locked = expect.objectContaining({ code: 'MILLRACE_STORE_LOCKED' });
    expect(() => openStoreReader(store)).toThrow(locked);
    expect(() => verifyStore(store)).toThrow(locked);
    expect(() => retryDeadLetters(store, 'all')).toThrow(locked);
    await expect(openTestEngine({ store })).rejects.toEqual(locked);
    expect(() => openStoreReader(store)).toThrow(/lost its locks.*Read it through the engine/);
    // It is still there, and goes on.
    await child.wrote(200);
    await child.kill();
    using reader = openStoreReader(store);
    const positions = new Set([...reader.read()].map(({ position }) => position));
    const acknowledged = child.lines.slice(1, -1).map((line) => Number(line.split(' ')[0]));
    expect(acknowledged.length).toBeGreaterThan(190);
    expect(acknowledged.filter((position) => !positions.has(position))).toEqual([]);
    expect(verifyStore(store).problems).toEqual([]);
  },
);
