import { afterAll, expect } from 'vitest';
import { liveHandles } from './live-handles.js';
import { liveThreads } from './live-threads.js';
import { liveTimers } from './live-timers.js';
import { openFiles } from './open-files.js';
import { removeTempFolders } from './temp-folder.js';

/** Turns of the event loop in which what was ended may still say that it has ended. */
const TURNS = 100;

/** Everything that a test file has not ended, with what it is. */
function leaks(): string[] {
  return [...liveThreads(), ...liveHandles(), ...liveTimers(), ...openFiles()];
}

/** What an earlier file of this process has left, which has failed for it. */
const before = leaks();

function ownLeaks(): string[] {
  const others = [...before];
  return leaks().filter((leak) => {
    const index = others.indexOf(leak);
    if (index >= 0) others.splice(index, 1);
    return index < 0;
  });
}

// After each test file, in its own process, after its own hooks: no engine left open, so no worker thread, no
// timer, no handle and no file of a store. A failed hook fails the file, and with it the whole run.
afterAll(async () => {
  for (let turn = 0; turn < TURNS && ownLeaks().length > 0; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const left = ownLeaks();
  removeTempFolders();
  expect(left, `This test file has left behind: ${left.join(', ')}`).toEqual([]);
});
