import { defineEvent, defineHandlers, type Engine } from 'millrace';
import { createTestEngine } from 'millrace/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';

const CLOSED = { code: 'MILLRACE_CLOSED' };

const Step = defineEvent('closing.step', {
  schema: z.object({ key: z.string() }),
  aggregateId: ({ key }) => key,
});

/** An engine with a dead letter of each of some keys, and what lets their handlers end when they are called again. */
async function openWithLetters(onFailure: 'park' | 'skip', keys: readonly string[]) {
  let isIll = true;
  const gate = Promise.withResolvers<void>();
  const handlers = defineHandlers('steps', (on) => {
    const step = () => (isIll ? Promise.reject(new Error('ill')) : gate.promise);
    on(Step, step, { onFailure });
  });
  const notices: string[] = [];
  const engine = await createTestEngine({ events: [Step], handlers: [handlers], maxInFlight: 2 });
  engine.onNotice(({ kind }) => notices.push(kind));
  for (const key of keys) await engine.publish(Step({ key }));
  await engine.drain();
  expect(engine.stats().failed).toBe(keys.length);
  isIll = false;
  return { engine, gate, notices };
}

/** What came of each: nothing may wait for ever. */
async function outcomes(promises: readonly Promise<void>[]): Promise<readonly unknown[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((one) => (one.status === 'fulfilled' ? 'done' : one.reason.code));
}

const decide = (engine: Engine, what: 'retry' | 'discard', position: number) =>
  engine.deadLetters[what](position);

test.each([
  ['park', 'retry'],
  ['skip', 'retry'],
  ['park', 'discard'],
  ['skip', 'discard'],
] as const)('an engine that is closed behind a call about a dead letter tells its caller what came of it: %s, %s', async (onFailure, what) => {
  const { engine, gate, notices } = await openWithLetters(onFailure, ['a']);
  const decided = decide(engine, what, 1);
  const closing = engine.close();
  gate.resolve();
  await closing;
  expect(['done', CLOSED.code]).toContain((await outcomes([decided]))[0]);
  await expect(decide(engine, what, 1)).rejects.toMatchObject(CLOSED);
  expect(notices).not.toContain('failed');
});

test('a dead letter that waits for room to be tried again is left when the engine is closed', async () => {
  const { engine, gate, notices } = await openWithLetters('skip', ['a', 'b', 'c']);
  const decided = [1, 2, 3].map((position) => decide(engine, 'retry', position));
  // The first one is being handled, and the others wait for room.
  while (engine.stats().inFlight === 0) await new Promise((resolve) => setImmediate(resolve));
  const closing = engine.close();
  gate.resolve();
  await closing;
  const told = await outcomes(decided);
  expect(told[0]).toBe('done');
  for (const each of told.slice(1)) expect(['done', CLOSED.code]).toContain(each);
  expect(notices).not.toContain('failed');
});
