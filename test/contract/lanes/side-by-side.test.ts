import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Deposited } from '../../handlers/events.mjs';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { tempFolder } from '../../support/temp-folder.js';

/** A handler module that loads when so many threads are loading it, and not before. */
function meeting(threads: number): URL {
  const url = handlers('meeting');
  url.searchParams.set('threads', String(threads));
  url.searchParams.set('folder', tempFolder());
  return url;
}

test('lanes open side by side: each may wait for the others while it loads its handlers', async () => {
  const engine = await openTestEngine({ threads: 3, handlers: [meeting(3)] });
  expect(engine.stats().threads).toBe(3);
  await engine.publish(Deposited({ account: 'a', amount: 1 }), { until: 'handled' });
});

test('lanes that come later open side by side, too', async () => {
  // One thread is enough for the first; those that come find its file in the folder, so they meet as three.
  const module = meeting(3);
  const folder = module.searchParams.get('folder') ?? '';
  for (const name of ['one', 'two']) writeFileSync(join(folder, name), '');
  const engine = await openTestEngine({ threads: 1, handlers: [module] });
  for (const name of ['one', 'two', ...readdirSync(folder)]) rmSync(join(folder, name), { force: true });
  await engine.setThreads(4);
  await engine.publish(Deposited({ account: 'a', amount: 1 }), { until: 'handled' });
});
