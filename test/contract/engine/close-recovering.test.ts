import { defineEvent, defineHandlers, type HandlerModule } from 'millrace';
import { createTestEngine } from 'millrace/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { SqliteStore } from '../../../dist/src/store/sqlite-store.js';
import { tempStore } from '../../support/temp-folder.js';

const Step = defineEvent('closing.step', {
  schema: z.object({ key: z.string(), n: z.number() }),
  aggregateId: ({ key }) => key,
});

test('an engine that is closed while it recovers handles nothing of a key before what it has left of it', async () => {
  const path = tempStore();
  const handled: number[] = [];
  const gate = Promise.withResolvers<void>();
  const open = (module: HandlerModule) =>
    createTestEngine({
      events: [Step],
      handlers: [module],
      store: new SqliteStore(path, 'NORMAL', 'test') as never,
      // The log is read again one event at a time.
      maxInFlight: 2,
    });
  const first = await open(
    defineHandlers('steps', (on) => {
      on(Step, () => Promise.reject(new Error('not today')), { onFailure: 'stop' });
    }),
  );
  await first.publishMany([Step({ key: 'a', n: 1 }), Step({ key: 'c', n: 2 })]).catch(() => {});
  await first.drain().catch(() => {});
  await first.close().catch(() => {});

  const steps = defineHandlers('steps', (on) => {
    on(Step, async ({ data: { n } }, ctx) => {
      handled.push(n);
      if (n !== 1) return;
      await gate.promise;
      ctx.emit(Step({ key: 'c', n: 3 }));
    });
  });
  const second = await open(steps);
  while (handled.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const closing = second.close();
  gate.resolve();
  await closing;

  const third = await open(steps);
  await third.recovered;
  await third.close();
  expect(handled).toEqual([1, 2, 3]);
});
