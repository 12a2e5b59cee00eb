import { rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { Child } from '../../support/child.js';
import { openTestEngine } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const LOCKED = { code: 'MILLRACE_STORE_LOCKED' };

test('a second engine of the same process is refused; the first is not disturbed', async () => {
  const store = tempStore();
  const first = await openTestEngine({ store });
  await expect(openTestEngine({ store })).rejects.toMatchObject(LOCKED);
  expect(await first.publish(Noted({ note: 'a' }))).toEqual({ position: 1, version: 1 });
  await first.close();
  const next = await openTestEngine({ store });
  expect((await next.publish(Noted({ note: 'a' }))).position).toBe(2);
});

test('an engine of another process is refused, until that one is killed', async () => {
  const store = tempStore();
  const holder = new Child('hold-store.mjs', store);
  await holder.wrote(1);
  await expect(openTestEngine({ store })).rejects.toMatchObject({
    ...LOCKED,
    message: expect.stringContaining(store),
  });
  await holder.kill();
  const engine = await openTestEngine({ store });
  expect((await engine.publish(Noted({ note: 'a' }))).position).toBe(1);
});

test('a lock file that something wrote into is named, and the store opens when it is removed', async () => {
  const store = tempStore();
  const first = await openTestEngine({ store });
  await first.publish(Noted({ note: 'a' }));
  await first.close();
  writeFileSync(`${store}-lock`, 'abc');
  await expect(openTestEngine({ store })).rejects.toMatchObject({
    code: 'MILLRACE_STORE_CORRUPT',
    message: expect.stringMatching(/-lock is no lock file.*remove it and open again/),
  });
  rmSync(`${store}-lock`);
  const next = await openTestEngine({ store });
  expect((await next.publish(Noted({ note: 'a' }))).position).toBe(2);
});
