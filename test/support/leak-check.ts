import { afterAll, expect } from 'vitest';
import { liveThreads } from './live-threads.js';
import { openFilesIn } from './open-files.js';
import { removeTempFolders, tempFolders } from './temp-folder.js';

/** After each test file: no engine left open, so no worker thread and no file of a store. */
afterAll(() => {
  const threads = liveThreads();
  const files = tempFolders().flatMap(openFilesIn);
  removeTempFolders();
  expect(threads, 'worker threads that nobody ended').toEqual([]);
  expect(files, 'files of stores that nobody closed').toEqual([]);
});
