import { describe, expect, test } from 'vitest';
import { IdleNames } from '../../../dist/src/engine/sequence/idle-names.js';
import { MAX_NAME_BYTES } from '../../../dist/src/limits.js';

const idle = (id: number) => ({ id, version: id * 3, keyId: id % 5, position: id * 2 ** 20 + 1 });

describe('idle names', () => {
  test('are found with all that was put, whatever their length and letters, and others are not', () => {
    const names = new IdleNames(100_000);
    const all = Array.from({ length: 3000 }, (_, index) =>
      index % 3 === 0
        ? `${index}`
        : index % 3 === 1
          ? `Auftrag ü€😀 ${index}`
          : `${index}`.padStart(MAX_NAME_BYTES, 'x'),
    );
    all.forEach((name, index) => {
      expect(names.put(name, idle(index + 1), 0, 0)).toBe(false);
    });
    all.forEach((name, index) => {
      expect(names.find(name)).toEqual(idle(index + 1));
      expect(names.find(`${name}\0`)).toBeUndefined();
    });
    expect(names.find('')).toBeUndefined();
  });

  test('are one record however often they are put, and what was put last counts', () => {
    const names = new IdleNames(4);
    for (let id = 1; id <= 1000; id++) expect(names.put('ada', idle(id), id, 0)).toBe(false);
    expect(names.find('ada')).toEqual(idle(1000));
    for (const name of ['a', 'b', 'c']) names.put(name, idle(1), 2000, 0);
    names.put('ada', idle(1001), 2000, 0);
    expect(names.find('ada')).toEqual(idle(1001));
  });

  test('with half a character are nobody else', () => {
    const names = new IdleNames(10);
    names.put('\ufffd', idle(1), 0, 0);
    expect(names.find('\ud800')).toBeUndefined();
    expect(names.find('x'.repeat(MAX_NAME_BYTES + 1))).toBeUndefined();
  });

  test.each([
    ['their number', new IdleNames(1000), 'x'],
    ['their bytes', new IdleNames(100_000, 2 ** 17), 'x'.repeat(100)],
  ])('beyond a limit of %s are forgotten, the oldest first, once the store can tell of them', (_of, names, prefix) => {
    let indexed = 0;
    let forgotten = 0;
    const known = (upTo: number) =>
      Array.from({ length: upTo }, (_, id) => names.find(`${prefix} ${id}`)).filter(
        (name) => name !== undefined,
      );
    for (let id = 0; id < 5000; id++)
      if (names.put(`${prefix} ${id}`, idle(id), id + 1, indexed)) forgotten++;
    expect(forgotten).toBe(0);
    expect(known(5000)).toHaveLength(5000);
    indexed = 10_000;
    for (let id = 5000; id < 20_000; id++) {
      if (names.put(`${prefix} ${id}`, idle(id), id + 1, indexed)) forgotten++;
      expect(names.find(`${prefix} ${id}`)).toEqual(idle(id));
    }
    expect(forgotten).toBeGreaterThan(0);
    expect(known(5000)).toHaveLength(0);
    // What the store cannot tell of yet is all there.
    expect(known(20_000).length).toBeGreaterThanOrEqual(10_000);
  });
});
