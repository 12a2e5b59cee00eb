import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Deposited, Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { handlers, openForTests } from '../../support/open-test-engine.js';
import { type StoreUse, StoreUser } from '../../support/store-user.js';
import { tempStore } from '../../support/temp-folder.js';
import { change, type Hostility, ROWS, SCHEMAS, WRONG_PAGES } from './hostile-stores.js';

const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

describe('a hostile store is refused with a coded error, or gives data:', () => {
  const user = new StoreUser();
  const good = tempStore();
  const store = tempStore();

  beforeAll(async () => {
    const engine = await openForTests({ store: good, durability: 'os', handlers: [handlers('account')] });
    // More than a page that is read at once.
    await engine.publishMany(
      oneTo(80).map((value) => Noted({ note: value % 2 === 0 ? 'a' : `n${value}`, value })),
    );
    await engine.publishMany(oneTo(10).map((amount) => Deposited({ account: 'bank', amount })));
    await engine.close();
  });
  afterAll(() => user.close());

  function make(hostility: Hostility): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(store + suffix, { force: true });
    copyFileSync(good, store);
    change(store, hostility);
  }

  async function expectCodedOrData(use: StoreUse): Promise<boolean> {
    const { value, error } = await user.use(store, use);
    if (!error) expect(value).toEqual(expect.any(Number));
    else {
      expect(error.code ?? 'none', `${use}: ${error.name}: ${error.message}`).toMatch(/^MILLRACE_/);
      expect(error.length, 'length of the message').toBeLessThan(2000);
    }
    return error !== undefined;
  }

  test('nothing is wrong with the store that they are made of', async () => {
    copyFileSync(good, store);
    expect(await user.use(store, 'read')).toMatchObject({ value: 80 + 30 + 40 });
    expect(await user.use(store, 'verify')).toMatchObject({ value: 0 });
    expect(await user.use(store, 'engine')).toMatchObject({ value: 80 + 30 + 2 + 41 });
  });

  test.each(SCHEMAS)('$name', async (hostility) => {
    make(hostility);
    const before = hashOf(store);
    await expectCodedOrData('read');
    await expectCodedOrData('verify');
    expect(hashOf(store), 'what a reader has left').toBe(before);
    // What writes must find out before. What changes dead letters meets no page of another table.
    for (const use of hostility.name === WRONG_PAGES ? [] : (['retry', 'discard'] as const)) {
      expect(await expectCodedOrData(use), `${use} refuses it`).toBe(true);
    }
    expect(await expectCodedOrData('engine'), 'an engine refuses it').toBe(true);
    expect(hashOf(store), 'what a refusing engine has left').toBe(before);
  });

  test.each(ROWS)('$name', async (hostility) => {
    make(hostility);
    const before = hashOf(store);
    await expectCodedOrData('read');
    await expectCodedOrData('verify');
    expect(hashOf(store), 'what a reader has left').toBe(before);
    await expectCodedOrData('engine');
  });
});
