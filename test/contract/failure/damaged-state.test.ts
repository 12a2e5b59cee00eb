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
