import { readdirSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { Deposited } from '../../handlers/events.mjs';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempFolder } from '../../support/temp-folder.js';

// Heap snapshots of three threads, beside all other test files.
vi.setConfig({ testTimeout: 120_000 });

const THREADS = ['dispatcher', 'lane-0', 'writer'];

describe('what asks every thread for something', () => {
  test('may be called several times at once: each call gets its own answers', async () => {
    const engine = await openTestEngine({ ...storeFor('os'), threads: 1, handlers: [handlers('account')] });
    const folders = [tempFolder(), tempFolder()];
    const [first, snapshots, second, others] = await Promise.all([
      engine.countObjects(),
      engine.heapSnapshots(folders[0]),
      engine.countObjects(),
      engine.heapSnapshots(folders[1]),
    ]);
    for (const counted of [first, second]) {
      expect([...counted.keys()]).toEqual(THREADS);
      for (const thread of THREADS) expect(counted.get(thread)?.length, thread).toBeGreaterThan(10);
    }
    expect(snapshots.length + others.length).toBe(2 * THREADS.length);
    for (const folder of folders) {
      expect(readdirSync(folder).sort()).toEqual(THREADS.map((name) => `${name}.heapsnapshot`));
    }
  });

  test('does not get in the way of a profile that runs', async () => {
    const engine = await openTestEngine({ ...storeFor('os'), threads: 1, handlers: [handlers('account')] });
    const end = new AbortController();
    const profile = engine.profile({ seconds: 60, directory: tempFolder(), force: true, signal: end.signal });
    const counting = engine.countObjects();
    await engine.publish(Deposited({ account: 'a', amount: 1 }), { until: 'handled' });
    end.abort();
    const [{ session }, counted] = await Promise.all([profile, counting]);
    expect([...counted.keys()]).toEqual(THREADS);
    expect(session.threads.map(({ name }) => name).sort()).toEqual(THREADS);
  });
});
