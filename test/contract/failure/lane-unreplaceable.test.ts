import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Notice } from 'millrace';
import { expect, test } from 'vitest';
import { MAX_LANE_DEATHS } from '../../../dist/src/limits.js';
import { Endangered } from '../../handlers/events.mjs';
import { liveThreads } from '../../support/live-threads.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { survivors } from '../../support/peril.js';
import { tempFolder } from '../../support/temp-folder.js';

/** An engine with a lane that dies at the first event, and whose replacement cannot be opened. */
async function openFragile(mode: 'throws' | 'dies', threads: number) {
  const folder = tempFolder();
  const file = join(folder, 'broken');
  const module = handlers('fragile');
  module.searchParams.set('mode', mode);
  module.searchParams.set('file', file);
  const options = {
    threads,
    handlers: [module],
    store: join(folder, 'events.db'),
    durability: 'os',
  } as const;
  const engine = await openTestEngine(options);
  const notices: Notice[] = [];
  engine.onNotice((notice) => notices.push(notice));
  writeFileSync(file, '');
  return { engine, notices, options, file };
}

const deadly = Endangered({ id: 'bad', number: 1, peril: 'exit' });

test.each([
  1, 2,
])('a module that loads no more stops the engine with its error: %i threads', async (threads) => {
  const { engine, options, file } = await openFragile('throws', threads);
  const failure = {
    code: 'MILLRACE_FAILED',
    cause: { code: 'MILLRACE_HANDLER_MODULE_FAILED', message: expect.stringContaining('loads no more') },
  };
  const failed = new Promise((resolve) => {
    engine.onNotice((notice) => notice.kind === 'failed' && resolve(notice.error));
  });
  await engine.publishMany([deadly, Endangered({ id: 'good', number: 1 })]);
  expect(await failed).toMatchObject(failure);
  await expect(engine.publish(deadly)).rejects.toMatchObject(failure);
  expect(engine.health().status).toBe('UNHEALTHY');
  await expect(engine.close()).rejects.toMatchObject(failure);
  expect(liveThreads()).toEqual([]);

  // Nothing was lost: what was not handled is handled when the module loads again.
  rmSync(file);
  const reopened = await openTestEngine(options);
  await reopened.drain();
  expect(Object.fromEntries(await survivors(reopened))).toEqual({ good: [[1, 1]] });
});

test.each([
  1, 2,
])('a lane that dies again and again with nobody to blame stops the engine: %i threads', async (threads) => {
  const { engine, notices } = await openFragile('dies', threads);
  const failed = new Promise((resolve) => {
    engine.onNotice((notice) => notice.kind === 'failed' && resolve(notice.error));
  });
  await engine.publish(deadly);
  expect(await failed).toMatchObject({
    code: 'MILLRACE_FAILED',
    cause: { code: 'MILLRACE_LANE_CRASHED', message: expect.stringContaining('in a row') },
  });
  // The first one died of its event.
  expect(notices.filter(({ kind }) => kind === 'lane-replaced')).toHaveLength(1 + MAX_LANE_DEATHS);
  await expect(engine.close()).rejects.toMatchObject({ code: 'MILLRACE_FAILED' });
  expect(liveThreads()).toEqual([]);
});

test.each([
  0, 1,
])('setThreads with a module that loads no more changes nothing: from %i threads', async (threads) => {
  const { engine } = await openFragile('throws', threads);
  for (const wanted of [2, 2]) {
    await expect(engine.setThreads(wanted)).rejects.toMatchObject({ code: 'MILLRACE_HANDLER_MODULE_FAILED' });
    expect(engine.stats()).toMatchObject({ state: 'open', threads });
  }
  expect(engine.health().status).toBe('HEALTHY');
  await engine.publish(Endangered({ id: 'good', number: 1 }), { until: 'handled' });
  await engine.close();
  expect(liveThreads()).toEqual([]);
});
