import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { WAL_PAGES_LIMIT, WAL_PAGES_MAX } from '../../../dist/src/limits.js';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const PAGE = 4096;
const VALUE = 'x'.repeat(16_000);

test('the WAL is moved into the file while events keep coming', async () => {
  const store = tempStore();
  const engine = await openTestEngine({ store, durability: 'os' });
  const size = (suffix: string) => statSync(store + suffix).size;
  const limit = WAL_PAGES_MAX * PAGE;
  let largest = 0;
  let published = 0;
  // Until the file has taken in what the checkpointer was begun for.
  while (size('') < limit) {
    await engine.publishMany(oneTo(250).map((value) => Noted({ note: `note-${value}`, value: VALUE })));
    published += 250 * VALUE.length;
    largest = Math.max(largest, size('-wal'));
    expect(published).toBeLessThan(40 * limit);
  }
  expect(largest).toBeGreaterThan(limit);
  expect(largest).toBeLessThan(WAL_PAGES_LIMIT * PAGE * 1.1);
  // A checkpoint may be running now: closing must wait for it and begin no other.
  const { lastPosition } = engine.stats();
  await engine.close();
  const again = await openTestEngine({ store });
  expect(again.stats().lastPosition).toBe(lastPosition);
});
