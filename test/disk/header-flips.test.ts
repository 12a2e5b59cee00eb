import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { MillraceError, openEngine } from 'millrace';
import { type StoreReport, verifyStore } from 'millrace/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { Noted } from '../handlers/events.mjs';
import { oneTo } from '../support/collect.js';
import { openForTests } from '../support/open-test-engine.js';
import { rounds, SEED } from '../support/property.js';
import { tempStore } from '../support/temp-folder.js';

const HEADER = 100;
const EVENTS = 50;
/** How often the schema changed, the size of a cache, and which SQLite wrote last: nothing depends on them. */
const IDLE = [40, 41, 42, 43, 48, 49, 50, 51, 96, 97, 98, 99];

/** A third of the bytes, another one for each seed; all of them in the whole search. */
const EVERY = HEADER / rounds(HEADER);
const ENGINE_BYTES = oneTo(rounds(HEADER)).map((turn) => Math.floor((turn - 1) * EVERY + (SEED % EVERY)));

describe('one bit of the 100 bytes of the header is wrong:', () => {
  let whole: Buffer;
  const store = tempStore();

  beforeAll(async () => {
    const engine = await openForTests({ store, durability: 'os' });
    await engine.publishMany(oneTo(EVENTS).map((value) => Noted({ note: `n${value % 3}`, value })));
    await engine.close();
    whole = readFileSync(store);
  });

  function flip(byte: number, bit: number): void {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(store + suffix, { force: true });
    writeFileSync(store, whole.with(byte, (whole[byte] as number) ^ (1 << bit)));
  }

  /** What verification says; undefined when it refuses with a coded error. */
  function verified(): StoreReport | undefined {
    try {
      return verifyStore(store);
    } catch (error) {
      expect(error).toBeInstanceOf(MillraceError);
      return undefined;
    }
  }

  test('verification notices each of them, but for numbers that mean nothing', () => {
    const unnoticed: number[] = [];
    for (let byte = 0; byte < HEADER; byte++) {
      for (let bit = 0; bit < 8; bit++) {
        flip(byte, bit);
        if (verified()?.ok) unnoticed.push(byte);
      }
    }
    expect([...new Set(unnoticed)]).toEqual(IDLE);
  }, 240_000);

  test.each(
    ENGINE_BYTES,
  )('in byte %i, an engine writes on, or fails with a code; where a copy is offered, it is whole', async (byte) => {
    flip(byte, byte % 8);
    const report = verified();
    if (report?.advice?.includes('VACUUM INTO')) {
      const copy = tempStore();
      const database = new Database(store, { readonly: true });
      database.exec(`VACUUM INTO '${copy}'`);
      database.close();
      expect(verifyStore(copy)).toMatchObject({ ok: true, events: EVENTS });
    }
    const write = async () => {
      await using engine = await openEngine({ store, durability: 'os', threads: 0, events: [Noted] });
      await engine.publishMany(oneTo(200).map((value) => Noted({ note: `z${value}`, value })));
    };
    const error = await write().catch((thrown) => thrown);
    if (error === undefined) return;
    expect(error.error ?? error).toBeInstanceOf(MillraceError);
    // What no engine can write is never called whole.
    expect(report?.ok).not.toBe(true);
  });
});
