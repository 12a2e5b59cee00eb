import { existsSync } from 'node:fs';
import { StorePathError } from 'millrace/errors';
import { expect, test } from 'vitest';
import { Checkpointer } from '../../../dist/src/store/checkpointer.js';
import { liveThreads } from '../../support/live-threads.js';
import { tempStore } from '../../support/temp-folder.js';

test('a checkpointer that cannot open its file says so, makes no new one, and can be closed', async () => {
  const path = tempStore();
  let checkpointer: Checkpointer | undefined;
  const error = await new Promise((resolve) => {
    checkpointer = new Checkpointer(path, { moved: () => {}, packed: () => {}, failed: resolve });
    checkpointer.start();
  });
  // As it was thrown over there: its class, and what it says beside its message.
  expect(error).toBeInstanceOf(StorePathError);
  expect(error).toMatchObject({ code: 'MILLRACE_STORE_PATH', details: { store: path } });
  await checkpointer?.close();
  expect(existsSync(path)).toBe(false);
  expect(liveThreads()).toEqual([]);
});
