import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Endangered, Noted } from '../../handlers/events.mjs';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';
import { endangered, expectUnharmed, openPerilous, survivors } from '../../support/peril.js';
import { runNode } from '../../support/run-script.js';
import { tempFolder } from '../../support/temp-folder.js';

const CRASHED = { code: 'MILLRACE_LANE_CRASHED' };

test.each([
  { threads: 1, concurrency: 1 },
  { threads: 2, concurrency: 4 },
])('a microtask that ends the thread when its handler has ended: that event is found, $threads threads', async (settings) => {
  const { engine } = await openPerilous({ ...settings, handlers: [handlers('leftover')] });
  await engine.publishMany(endangered(['exit']));
  await engine.drain();
  expect(await expectUnharmed(engine)).toEqual({ exit: [[1, 1]] });
  expect(await engine.deadLetters.list()).toMatchObject([
    { key: 'exit', state: 'parked', attempts: 2, version: 2, error: CRASHED },
  ]);
  expect(engine.stats()).toMatchObject({ state: 'open', parkedKeys: 1, inFlight: 0 });
});

test('a thread may die of leftovers as often as it likes, with events that succeed between', async () => {
  const { engine, told } = await openPerilous({ threads: 1, concurrency: 1 });
  const rounds = 8;
  let number = 0;
  const handled = (id: string, peril?: 'afterwards') =>
    engine.publish(Endangered({ id, number: ++number, ...(peril && { peril }) }), { until: 'handled' });
  for (let round = 1; round <= rounds; round++) {
    await handled('bad', 'afterwards');
    // Nobody has to notice before there is work again.
    while (told('lane-replaced').length < round) await handled('good');
    await handled('good');
  }
  expect(engine.stats()).toMatchObject({ state: 'open', parkedKeys: 0 });
  expect((await survivors(engine)).get('bad')).toHaveLength(rounds);
}, 120_000);

test.each([
  1, 4,
])('what a failed event leaves behind is not the fault of the next one, concurrency %i', async (concurrency) => {
  const engine = await openTestEngine({ threads: 1, concurrency, handlers: [handlers('left-by-failure')] });
  const mark = join(tempFolder(), 'begun');
  const note = (act: string) => Noted({ note: act, value: { act, mark } });
  await engine.publish(note('fail'));
  await engine.drain();
  await engine.publishMany([note('outlast'), note('note')]);
  await engine.drain();
  expect(await engine.deadLetters.list()).toMatchObject([{ position: 1, error: { name: 'RangeError' } }]);
  expect(existsSync(mark)).toBe(true);
});

test('a program that only waits for its events does not end when their thread dies', async () => {
  const program = fileURLToPath(new URL('../../fixtures/await-deserted.mjs', import.meta.url));
  expect(await runNode([program])).toMatchObject({ code: 0, stdout: 'all handled' });
}, 120_000);
