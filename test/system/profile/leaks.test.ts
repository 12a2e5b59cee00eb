import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Engine } from 'millrace';
import { findLeaks } from 'millrace/profile';
import { describe, expect, test } from 'vitest';
import { countNodes, countObjects } from '../../../src/sampling/heap-objects.js';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempFolder } from '../../support/temp-folder.js';

const load = (engine: Engine) =>
  engine.publishMany(oneTo(200).map((value) => Noted({ note: `${value % 5}`, value })));

describe('findLeaks', () => {
  test('names what a handler keeps for ever, on its thread, and no cache', async () => {
    const engine = await openTestEngine({ threads: 1, durability: 'memory', handlers: [handlers('leaky')] });
    const leaks = await findLeaks(engine, () => load(engine), { rounds: 3 });
    // The prototype bears the name as well, hence the one.
    const [worst] = leaks.filter(({ thread }) => thread === 'lane-0');
    expect(worst).toMatchObject({ constructorName: 'KeptForEver', counts: [401, 601, 801] });
    expect(worst?.bytesPerRound).toBeGreaterThan(200 * 8);
    expect(leaks.map(({ constructorName }) => constructorName)).not.toContain('Passing');
  });

  test('refuses what is no engine and what is no load', async () => {
    const engine = await openTestEngine({ durability: 'memory' });
    const wrong = [[undefined, () => {}], [engine], [engine, 5]] as unknown as Parameters<typeof findLeaks>[];
    for (const given of wrong) {
      await expect(findLeaks(...given)).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
    }
  });

  test.each([1, 2.5, Number.NaN, 21])('refuses %s rounds', async (rounds) => {
    const engine = await openTestEngine({ durability: 'memory' });
    await expect(findLeaks(engine, () => {}, { rounds })).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_OPTION',
    });
  });

  test('passes on what the load throws', async () => {
    const engine = await openTestEngine({ durability: 'memory' });
    const failing = findLeaks(engine, () => Promise.reject(new Error('no load')));
    await expect(failing).rejects.toThrow('no load');
  });
});

test('a heap is too large to count for what is reachable, not for its garbage', {
  timeout: 120_000,
}, async () => {
  class Kept {
    readonly values = [0.5, 1.5];
  }
  const kept = oneTo(1_500_000).map(() => new Kept());
  await expect(countObjects()).rejects.toMatchObject({ code: 'MILLRACE_HEAP_TOO_LARGE' });
  kept.length = 0;
  const counts = await countObjects();
  expect(counts.find(({ name }) => name === 'Kept')?.count ?? 0).toBeLessThan(10);
});

describe('heap snapshots', () => {
  test('of every thread, by its name', { timeout: 60_000 }, async () => {
    const engine = await openTestEngine({ threads: 1, ...storeFor('os'), handlers: [handlers('leaky')] });
    await load(engine);
    await engine.drain();
    const paths = await engine.heapSnapshots(tempFolder());
    expect(paths.map((path) => basename(path))).toEqual([
      'dispatcher.heapsnapshot',
      'lane-0.heapsnapshot',
      'writer.heapsnapshot',
    ]);
    const lane = JSON.parse(readFileSync(paths[1] as string, 'utf8'));
    const kept = countNodes(lane).find(({ name }) => name === 'KeptForEver');
    expect(kept?.count).toBeGreaterThanOrEqual(200);
  });

  test('of a closed engine there are none', async () => {
    const engine = await openTestEngine({ durability: 'memory' });
    await engine.close();
    await expect(engine.heapSnapshots(tempFolder())).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
  });
});
