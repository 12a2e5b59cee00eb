import { openStoreReader } from 'millrace/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { STATE_EVENTS, Stepped } from '../../handlers/state-events.mjs';
import { withSql } from '../../support/damaged-store.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openForTests } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

function open(store: string, threads: number) {
  return openForTests({ events: STATE_EVENTS, handlers: [handlers('stateful')], store, threads });
}

async function damaged(): Promise<string> {
  const store = tempStore();
  const engine = await open(store, 0);
  for (const key of ['a', 'b']) await engine.publish(Stepped({ key, n: 1 }), { until: 'handled' });
  await engine.close();
  return withSql(store, "UPDATE states SET value = x'05'");
}

describe.each(INLINE_AND_THREADS)('a stored state that is not what was written, %i threads', (threads) => {
  test('stops the engine when an event of its key needs it: with a code, and no caller waits for ever', async () => {
    const engine = await open(await damaged(), threads);
    onTestFinished(() => engine.close().catch(() => {}));
    const corrupt = { code: 'MILLRACE_FAILED', cause: { code: 'MILLRACE_STORE_CORRUPT' } };
    const handled = engine.publish(Stepped({ key: 'a', n: 1 }), { until: 'handled' });
    await expect(handled).rejects.toMatchObject(corrupt);
    await expect(engine.publish(Stepped({ key: 'b', n: 1 }))).rejects.toMatchObject(corrupt);
    await expect(engine.drain()).rejects.toMatchObject(corrupt);
  });
});

test.each(
  INLINE_AND_THREADS,
)('a damaged state of an older version is no matter to an engine that builds it anew, %i threads', async (threads) => {
  const openAs = (store: string, version: number) => {
    const versioned = [new URL(`../../handlers/versioned.mjs?v=${version}`, import.meta.url)];
    return openForTests({ events: STATE_EVENTS, handlers: versioned, store, threads });
  };
  const whole = tempStore();
  const first = await openAs(whole, 1);
  for (const n of [1, 2]) await first.publish(Stepped({ key: 'a', n }), { until: 'handled' });
  await first.close();
  const store = withSql(whole, "UPDATE states SET value = x'05'");
  for (const _again of [1, 2]) {
    const second = await openAs(store, 2);
    onTestFinished(() => second.close().catch(() => {}));
    await second.publish(Stepped({ key: 'a', n: 4 }), { until: 'handled' });
    await second.recovered;
    await second.close();
  }
  using reader = openStoreReader(store);
  expect(reader.summary().states.map(({ version, keys }) => [version, keys])).toEqual([
    [1, 1],
    [2, 1],
  ]);
  const told = [...reader.read({ types: ['state.told'] })].map(({ data }) => (data as { sum: number }).sum);
  expect(told).toEqual([1, 3, 14, 22]);
});
