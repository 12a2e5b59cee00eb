import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHANNELS, NOTICE_CHANNEL } from 'millrace/observe';
import { ENGINE_CHANNEL } from 'millrace/profile';
import { expect, onTestFinished, test } from 'vitest';
import { Parking } from '../../handlers/events.mjs';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';

const root = new URL('../../..', import.meta.url).pathname;

test('the names are as they have always been', () => {
  expect(CHANNELS).toEqual({ notice: 'millrace:notice', engine: 'millrace:engine' });
  expect([NOTICE_CHANNEL, ENGINE_CHANNEL]).toEqual([CHANNELS.notice, CHANNELS.engine]);
});

test('every channel of the table is published to', async () => {
  const heard = new Set<string>();
  for (const name of Object.values(CHANNELS)) {
    const hear = () => heard.add(name);
    subscribe(name, hear);
    onTestFinished(() => void unsubscribe(name, hear));
  }
  const engine = await openTestEngine({ durability: 'memory', handlers: [handlers('failing')] });
  await engine.publish(Parking({ id: 'p', number: 1, failures: 1000 }));
  await engine.drain();
  expect([...heard].sort()).toEqual(Object.values(CHANNELS).sort());
});

test('the table is the only place that names one', () => {
  const naming = ['src', 'workers'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name))
      .filter((name) => /'millrace:\w/.test(readFileSync(join(root, name), 'utf8'))),
  );
  expect(naming).toEqual([join('src', 'observe', 'channels.ts')]);
});
