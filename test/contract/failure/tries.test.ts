import { expect, test } from 'vitest';
import { Parking } from '../../handlers/events.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';

test.each(
  INLINE_AND_THREADS,
)('failing events of a key have their tries each for itself: %i threads', async (threads) => {
  const engine = await openTestEngine({ threads, handlers: [handlers('failing')] });
  // The try that succeeds and the first try of the next event are in one batch.
  await engine.publishMany(oneTo(4).map((number) => Parking({ id: 'a', number, failures: 1 })));
  await engine.drain();
  const tried = await collect(engine, { types: ['failing.tried'] });
  const tries = tried.map(({ data }) => data as { readonly number: number; readonly attempt: number });
  expect(tries.map(({ number, attempt }) => [number, attempt])).toEqual(
    oneTo(4).map((number) => [number, 2]),
  );
  expect(engine.stats()).toMatchObject({ failed: 4, retried: 4, parkedKeys: 0 });
});
