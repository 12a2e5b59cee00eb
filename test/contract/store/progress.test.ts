import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exportStore, importStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { makeStore } from '../../support/damaged-store.js';
import { tempFolder } from '../../support/temp-folder.js';

const own = new Error('of the caller');
const FAILING: readonly (readonly [how: string, onProgress: () => unknown])[] = [
  [
    'throws',
    () => {
      throw own;
    },
  ],
  ['is async and throws', async () => Promise.reject(own)],
  [
    'is async and throws later',
    async () => {
      await new Promise((resolve) => setImmediate(resolve));
      throw own;
    },
  ],
];

describe('what onProgress throws is what the call rejects with, and nothing is left behind:', () => {
  test.each(FAILING)('an export whose function %s', async (_how, onProgress) => {
    const store = await makeStore();
    for (const name of ['out.jsonl', 'out.csv', 'out.jsonl.gz', 'out.db']) {
      const folder = tempFolder();
      await expect(exportStore(store, join(folder, name), { onProgress })).rejects.toBe(own);
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  test.each(FAILING)('an import whose function %s', async (_how, onProgress) => {
    const [folder, file] = [tempFolder(), join(tempFolder(), 'in.jsonl')];
    await exportStore(await makeStore(), file);
    await expect(importStore(file, join(folder, 'new.db'), { onProgress })).rejects.toBe(own);
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('a promise of onProgress is waited for', async () => {
  let isUnderWay = false;
  const onProgress = async () => {
    expect(isUnderWay).toBe(false);
    isUnderWay = true;
    await new Promise((resolve) => setImmediate(resolve));
    isUnderWay = false;
  };
  const file = join(tempFolder(), 'in.jsonl');
  await exportStore(await makeStore(), file, { onProgress });
  expect(isUnderWay).toBe(false);
  await importStore(file, join(tempFolder(), 'new.db'), { onProgress });
  expect(isUnderWay).toBe(false);
});
