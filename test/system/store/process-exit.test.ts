import { openStoreReader } from 'millrace/store';
import { expect, test } from 'vitest';
import { Child } from '../../support/child.js';
import { tempStore } from '../../support/temp-folder.js';

test('a process that does not close its engine ends by itself, once the commit under way is done', async () => {
  const store = tempStore();
  const child = new Child('publish-and-leave.mjs', store);
  expect(await child.ended()).toEqual({ code: 0, signal: null });
  expect(child.lines).toEqual(['left']);
  using reader = openStoreReader(store);
  expect([...reader.read()].map(({ data }) => data)).toMatchObject([
    { note: 'waited for' },
    { note: 'under way' },
  ]);
});
