import { expect, test } from 'vitest';
import { StoredKeys } from '../../../src/engine/states/stored-keys.js';

test('keys of before may all have states in the store, later ones only when they were added', () => {
  const keys = new StoredKeys(10);
  expect([1, 10, 11, 12].map((key) => keys.has(key))).toEqual([true, true, false, false]);
  const added = [11, 42, 43, 74, 75, 100_000];
  for (const key of [...added, 5]) keys.add(key);
  const found = Array.from({ length: 100_100 }, (_, key) => key).filter((key) => key > 10 && keys.has(key));
  expect(found).toEqual(added);
});
