import { readFileSync, writeFileSync } from 'node:fs';
import { openEngine } from 'millrace';
import { beforeAll, describe, expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { liveThreads } from '../../support/live-threads.js';
import { openFilesIn } from '../../support/open-files.js';
import { openForTests } from '../../support/open-test-engine.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

const CORRUPT = { code: 'MILLRACE_STORE_CORRUPT' };

describe('a damaged store does not open:', () => {
  let whole: Buffer;

  beforeAll(async () => {
    const store = tempStore();
    const engine = await openForTests({ store });
    await engine.publishMany(oneTo(3000).map((value) => Noted({ note: `n${value}`, value })));
    await engine.close();
    whole = readFileSync(store);
    expect(whole.length).toBeGreaterThan(100_000);
  });

  /** Keeps that many bytes; negative: all but so many. */
  test.each([100, 512, 4096, 8192, 50_000, -65_536, -4096])('cut to %i bytes', async (size) => {
    const folder = tempFolder();
    const store = `${folder}/cut.db`;
    const cut = whole.subarray(0, size);
    writeFileSync(store, cut);
    const error = await openEngine({ events: [Noted], threads: 0, store }).catch((thrown) => thrown);
    expect(liveThreads()).toEqual([]);
    expect(openFilesIn(folder)).toEqual([]);
    expect(error).toMatchObject(CORRUPT);
    expect(error.message).toContain(store);
    expect(readFileSync(store).equals(cut)).toBe(true);
  });

  test('its header kept, everything else overwritten', async () => {
    const store = tempStore();
    writeFileSync(store, Buffer.concat([whole.subarray(0, 100), Buffer.alloc(whole.length - 100, 0xff)]));
    await expect(openEngine({ events: [Noted], threads: 0, store })).rejects.toMatchObject(CORRUPT);
    expect(liveThreads()).toEqual([]);
  });
});
