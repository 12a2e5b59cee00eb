import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type DomainEvent, MillraceError } from 'millrace';
import { openStoreReader, verifyStore } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { collect } from '../../support/collect.js';
import { SEED } from '../../support/property.js';
import { tempStore } from '../../support/temp-folder.js';
import { randomFrom } from '../torture/plan.mjs';
import { ask, openSample } from './sample.js';

const FLIPS = 300;
/** Opening an engine takes ten times as long as looking. */
const ENGINES_EVERY = 10;

let whole: Buffer;
let events: readonly unknown[];
let store: string;

beforeAll(async () => {
  store = tempStore();
  const engine = await openSample(store);
  await ask(engine, store, 1000, 6);
  await engine.close();
  whole = readFileSync(store);
  events = readAll();
});

const plain = (event: DomainEvent): unknown => JSON.parse(JSON.stringify(event));

function readAll(): unknown[] {
  using reader = openStoreReader(store);
  return [...reader.read()].map(plain);
}

/** What came out: events, or undefined for a coded error. Any other error is thrown. */
async function outcome(
  read: () => unknown[] | Promise<unknown[]>,
  where: string,
): Promise<unknown[] | undefined> {
  try {
    return await read();
  } catch (error) {
    expect(error, where).toBeInstanceOf(MillraceError);
    return undefined;
  }
}

/** The events that changed bytes give are the right ones, or verification says that something is wrong. */
function expectNoSilence(found: unknown[] | undefined, where: string): void {
  if (found === undefined || isDeepStrictEqual(found, events)) return;
  expect(verifyStore(store).ok, `${where}: other events, and verification finds nothing`).toBe(false);
}

describe(`one bit of a store's file is wrong, MILLRACE_SEED=${SEED}`, () => {
  const random = randomFrom(SEED);
  const flips = Array.from({ length: FLIPS }, () => [random(), random()] as const);

  test('reading gives the events, or a coded error, or verification knows', async () => {
    for (const [at, which] of flips) {
      const bit = 1 << Math.floor(which * 8);
      const offset = Math.floor(at * whole.length);
      const where = `byte ${offset} xor ${bit}`;
      writeFileSync(store, whole.with(offset, (whole[offset] as number) ^ bit));
      expectNoSilence(await outcome(readAll, where), where);
    }
  });

  test('so does an engine', async () => {
    for (const [at, which] of flips.filter((_, index) => index % ENGINES_EVERY === 0)) {
      const bit = 1 << Math.floor(which * 8);
      const offset = Math.floor(at * whole.length);
      const where = `byte ${offset} xor ${bit}`;
      writeFileSync(store, whole.with(offset, (whole[offset] as number) ^ bit));
      const found = await outcome(async () => {
        await using engine = await openSample(store);
        return (await collect(engine)).map(plain);
      }, where);
      expectNoSilence(found, where);
    }
  });
});
