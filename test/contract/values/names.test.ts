import { verifyStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { Directory, type NameEntry } from '../../../dist/src/engine/sequence/directory.js';
import type { Store, StoredName } from '../../../dist/src/store/store.js';
import { Posted, ran } from '../../handlers/posted.mjs';
import { collect } from '../../support/collect.js';
import { tempStore } from '../../support/temp-folder.js';
import { names, openWithNames } from './support.js';

/** A directory above a store that knows the names of the test and has indexed up to position 10, unless told otherwise. */
function directoryOf(
  limit: number,
  stored: readonly string[],
  log: { indexed: number; asked?: number } = { indexed: 10 },
): Directory {
  const find = (name: string): StoredName | undefined => {
    log.asked = (log.asked ?? 0) + 1;
    const id = stored.indexOf(name) + 1;
    return id === 0 ? undefined : { id, name, version: 3 };
  };
  const reader = { findName: find, allNames: () => undefined } as unknown as Store['reader'];
  const store = Object.assign(log, { location: 'file', reader });
  const directory = new Directory(store as unknown as Store, limit);
  directory.load(stored.length);
  return directory;
}

/** Uses every name as an event does, and sweeps before each. */
function use(directory: Directory, all: readonly string[]): NameEntry[] {
  return all.map((name) => {
    directory.trim();
    return directory.get(name);
  });
}

describe('the names in memory', () => {
  const stored = names('stored', 100);

  test('are forgotten beyond the limit when the store knows as much of them', () => {
    const directory = directoryOf(10, stored);
    use(directory, stored);
    expect(directory.size).toBeLessThanOrEqual(12);
  });

  test.each<[string, (entry: NameEntry) => void]>([
    ['an event of it is accepted and waits for its number', (entry) => entry.reserved++],
    ['an event of it is not finished', (entry) => entry.unfinished++],
    ['its key is parked or being resumed', (entry) => Object.assign(entry, { held: true })],
    ['an event of it runs ahead of its number', (entry) => entry.ahead++],
  ])('keep their entry while %s', (_why, pin) => {
    const directory = directoryOf(4, stored);
    const [pinned] = use(directory, ['stored 1']) as [NameEntry];
    pin(pinned);
    for (let round = 0; round < 3; round++) use(directory, stored.slice(1));
    expect(directory.get('stored 1')).toBe(pinned);
    expect(directory.size).toBeLessThanOrEqual(7);
  });

  test.each([
    'position',
    'keyPosition',
  ] as const)('without an entry are known as they were left until the store can tell of them, as their %s says', (last) => {
    const log = { indexed: 10 };
    const directory = directoryOf(4, stored, log);
    const [left] = use(directory, ['stored 1']) as [NameEntry];
    Object.assign(left, { version: 4, keyId: 7, [last]: 11 });
    for (let round = 0; round < 3; round++) use(directory, stored.slice(1));
    expect(directory.size).toBeLessThanOrEqual(7);
    expect(directory.versionOf('stored 1')).toBe(4);
    expect(directory.positionOf('stored 1')).toBe(left.position);
    const found = directory.get('stored 1');
    expect(found).not.toBe(left);
    expect(found).toMatchObject({ id: 1, version: 4, keyId: 7, isNew: false });
    log.indexed = 11;
    for (let round = 0; round < 3; round++) use(directory, stored.slice(1));
    // From here on it is as in the store of this test.
    expect(directory.versionOf('stored 1')).toBe(3);
  });

  test('ask the store once for an append to an aggregate of long ago', () => {
    const log = { indexed: 10, asked: 0 };
    const directory = directoryOf(4, stored, log);
    expect(directory.versionOf('stored 7')).toBe(3);
    expect(directory.get('stored 7')).toMatchObject({ id: 7, version: 3 });
    expect(log.asked).toBe(1);
  });

  test('do not grow by names that are only asked for', () => {
    const directory = directoryOf(1000, stored);
    for (const name of [...stored, 'unknown']) directory.versionOf(name);
    expect(directory.versionOf('stored 7')).toBe(3);
    expect(directory.versionOf('unknown')).toBe(0);
    expect(directory.size).toBe(0);
  });
});

describe('an engine with room for few names', () => {
  test('runs events of one key one at a time and in order, whatever is published between them', async () => {
    const store = tempStore();
    const first = await openWithNames(2, { store, durability: 'os' });
    await first.publish(Posted({ id: 'order 1', key: 'ada' }), { until: 'handled' });
    await first.close();

    const engine = await openWithNames(2, { store, durability: 'os', concurrency: 8 });
    ran.order.length = 0;
    ran.overlaps.length = 0;
    const ada = (id: string) => engine.publish(Posted({ id, key: 'ada', pause: true }));
    const others = (prefix: string) => names(prefix, 20).map((id) => engine.publish(Posted({ id, key: id })));
    // All in one turn.
    await Promise.all([ada('order 1'), ...others('a'), ada('order 2'), ...others('b'), ada('order 1')]);
    await engine.drain();
    expect(ran.overlaps).toEqual([]);
    expect(ran.order.filter((text) => text.startsWith('order'))).toEqual([
      'order 1 2',
      'order 2 1',
      'order 1 3',
    ]);
  });

  test('hands out each version once, and finds a wrong expected version', async () => {
    const store = tempStore();
    const first = await openWithNames(2, { store, durability: 'os' });
    await first.append('ada', [Posted({ id: 'ada', key: 'k' }), Posted({ id: 'ada', key: 'k' })]);
    await first.close();

    const engine = await openWithNames(2, { store, durability: 'os' });
    const more = names('other', 30).map((id) => engine.publish(Posted({ id, key: `key of ${id}` })));
    const { version } = await engine.publish(Posted({ id: 'ada', key: 'k' }));
    await Promise.all(more);
    expect(version).toBe(3);
    const append = engine.append('ada', [Posted({ id: 'ada', key: 'k' })], { expectedVersion: 2 });
    await expect(append).rejects.toMatchObject({ code: 'MILLRACE_CONCURRENCY', details: { actual: 3 } });
    await engine.append('ada', [Posted({ id: 'ada', key: 'new key' })], { expectedVersion: 3 });
    expect((await collect(engine, { aggregateId: 'ada' })).map((event) => event.version)).toEqual([
      1, 2, 3, 4,
    ]);
    await engine.close();
    expect(verifyStore(store).problems).toEqual([]);
  });

  test('in memory refuses one name too many, published, appended or emitted, and goes on', async () => {
    const engine = await openWithNames(4);
    for (const id of names('name', 3)) await engine.publish(Posted({ id, key: 'key' }));
    const code = 'MILLRACE_TOO_MANY_NAMES';
    const refused = [
      engine.publish(Posted({ id: 'new', key: 'key' })),
      engine.publishMany([Posted({ id: 'name 1', key: 'new' })]),
      engine.append('name 1', [Posted({ id: 'name 1', key: 'key' }), Posted({ id: 'name 1', key: 'new' })]),
    ];
    for (const one of refused) await expect(one).rejects.toMatchObject({ code, details: { limit: 4 } });
    expect(() => engine.offer(Posted({ id: 'new', key: 'key' }))).toThrow(expect.objectContaining({ code }));
    expect(await engine.read({ aggregateId: 'new' }).next()).toMatchObject({ done: true });

    const emitting = Posted({ id: 'name 2', key: 'key', emit: ['name 1', 'new'] });
    await expect(engine.publish(emitting, { until: 'handled' })).rejects.toMatchObject({ cause: { code } });
    expect(engine.stats()).toMatchObject({ state: 'open', lastPosition: 4, emitted: 0, parkedKeys: 1 });
    const good = Posted({ id: 'name 3', key: 'name 1', emit: ['name 1'] });
    await engine.publish(good, { until: 'handled' });
    expect(engine.stats().emitted).toBe(1);
  });
});
