import Database from 'better-sqlite3';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { HashFilter } from '../../../../dist/src/store/segments/hash-filter.js';
import { RecentNames } from '../../../../dist/src/store/segments/recent-names.js';
import { SqliteReader } from '../../../../dist/src/store/sqlite-reader.js';
import { Writer } from '../../../../dist/src/store/writer.js';
import { LogRows, ROW_TYPE } from '../../../support/log-rows.js';
import { tempStore } from '../../../support/temp-folder.js';

/** A store that new names are added to, and its reader. */
class Names {
  readonly path = tempStore();
  readonly writer = new Writer({ path: this.path, synchronous: 'NORMAL', run: 'run', types: [ROW_TYPE] });
  readonly reader = new SqliteReader(this.path);
  readonly #rows = new LogRows({ bytes: 1_000_000 });
  count = 0;

  constructor() {
    this.writer.addSlab(1, this.#rows.slab.memory);
  }

  /** In one commit, and so one block. */
  add(count: number): void {
    for (let name = 0; name < count; name++) this.#rows.add(`name-${++this.count}`, 1);
    const segments = this.#rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to }));
    this.writer.commit([{ segments, progress: undefined, shapes: [] }]);
  }

  close(): void {
    this.reader.close();
    this.writer.close();
  }
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** Counts the statements that are run from now on, of any connection. */
function countStatements(): () => number {
  const database = new Database(':memory:');
  const prototype = Object.getPrototypeOf(database.prepare('SELECT 1')) as Record<
    'get' | 'all' | 'run' | 'iterate',
    () => unknown
  >;
  database.close();
  const spies = (['get', 'all', 'run', 'iterate'] as const).map((method) => vi.spyOn(prototype, method));
  return () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
}

describe('looking up names', () => {
  test('asks the file nothing for a new name whose engine knows all names that are not indexed', () => {
    const names = new Names();
    for (let run = 0; run < 6; run++) {
      names.add(300);
      names.writer.index();
    }
    const { indexed } = names.writer;
    for (let look = 0; look < 20; look++) names.reader.findName(`first-${look}`, indexed);
    const statements = countStatements();
    for (let look = 0; look < 5000; look++) {
      expect(names.reader.findName(`new-${look}`, indexed)).toBeUndefined();
    }
    // A filter that cannot tell: one of a thousand looks, with a few statements.
    expect(statements()).toBeLessThan(500);
    names.close();
  });

  test('reads each block of names that is in no run yet once, not at each look-up', () => {
    const names = new Names();
    for (let block = 0; block < 300; block++) names.add(1);
    expect(names.reader.findName('name-300')?.id).toBe(300);
    const statements = countStatements();
    for (let look = 1; look <= 100; look++) {
      expect(names.reader.findName(`new-${look}`)).toBeUndefined();
      expect(names.reader.findName(`name-${3 * look}`)?.id).toBe(3 * look);
    }
    expect(statements()).toBeLessThan(100 * 2 * 12);
    names.close();
  });

  test('finds every name, indexed or not, while passes and merges go on in pieces', () => {
    const names = new Names();
    const other = new SqliteReader(names.path);
    let pieces = 0;
    for (let round = 0; round < 14; round++) {
      names.add(1 + ((round * 37) % 90));
      const indexedNames = names.count;
      names.writer.index();
      names.add(2);
      do {
        pieces++;
        for (let id = 1; id <= names.count; id += 7) {
          expect(names.reader.findName(`name-${id}`)?.id).toBe(id);
          if (id <= indexedNames) {
            expect(other.findName(`name-${id}`, names.writer.indexed)).toEqual({
              id,
              name: `name-${id}`,
              version: 1,
            });
          }
        }
      } while (round % 5 === 4 && names.writer.indexQuietly(30));
      expect(names.reader.findName(`name-${names.count}`)?.id).toBe(names.count);
    }
    expect(pieces).toBeGreaterThan(5);
    other.close();
    names.close();
  });

  test('finds a name that was new when it was asked for, once it is indexed', () => {
    const names = new Names();
    names.add(5);
    names.writer.index();
    expect(names.reader.findName('name-6', names.writer.indexed)).toBeUndefined();
    names.add(1);
    expect(names.reader.findName('name-6')?.id).toBe(6);
    names.writer.index();
    expect(names.reader.findName('name-6', names.writer.indexed)?.id).toBe(6);
    names.close();
  });
});

test('a filter never denies a hash that it has, and seldom affirms another', () => {
  for (const count of [1, 10, 1000, 50_000]) {
    const filter = new HashFilter(count);
    let state = count;
    const next = () => {
      state = (Math.imul(state ^ (state >>> 13), 0x5bd1_e995) + 0x9e37_79b9) >>> 0;
      return state;
    };
    const hashes = new Set(Array.from({ length: count }, next));
    for (const hash of hashes) filter.add(hash);
    for (const hash of hashes) expect(filter.mayHave(hash)).toBe(true);
    let wrong = 0;
    for (let other = 0; other < 20_000; other++) {
      const hash = next();
      if (!hashes.has(hash) && filter.mayHave(hash)) wrong++;
    }
    expect(wrong).toBeLessThan(100);
  }
});

test('names of the same hash are all kept, and found after the table has grown', () => {
  const names = new RecentNames();
  for (let id = 1; id <= 5000; id++) names.add(id % 2 === 0 ? 7 : id, id);
  expect(names.find(7)).toHaveLength(2501);
  expect(names.find(4999)).toEqual([4999]);
  expect(names.find(4998)).toEqual([]);
  names.clear();
  expect(names.find(7)).toEqual([]);
});
