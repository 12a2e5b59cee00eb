import { defineEvent, defineHandlers, type Engine } from 'millrace';
import { retryDeadLetters } from 'millrace/store';
import { createTestEngine } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Parking, Skipping, Tried } from '../../handlers/events.mjs';
import { handledNumbers, openCurable } from '../../support/curable.js';
import { Gate } from '../../support/gate.js';
import { Illness } from '../../support/illness.js';
import { tempStore } from '../../support/temp-folder.js';

const NOT_FOUND = { code: 'MILLRACE_DEAD_LETTER_NOT_FOUND' };
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

describe.each(['discard', 'retry'] as const)('%s of a letter whose retry is just being stored', (what) => {
  test.each([
    ['park', { id: 'bad', number: 1, async: true }],
    ['skip', { id: 'bad', number: 1, async: true }],
  ] as const)('finds no letter, and its event is handled once: %s', async (onFailure, data) => {
    const store = tempStore();
    const options = { store, durability: 'os', threads: 0 } as const;
    const letter = onFailure === 'park' ? Parking(data) : Skipping(data);
    const { engine: first } = await openCurable(options, new Illness(1));
    await first.publish(letter);
    await first.drain();
    await first.close();
    retryDeadLetters(store, 'all');
    const gate = new Gate();
    const { shared } = new Illness();
    const { engine } = await openCurable({ ...options, shared: { ...shared, ...gate.shared } });
    // Commits are under way all the time, so that one begins before the letter is gone and ends before that is stored.
    const asked: Promise<unknown>[] = [];
    for (let turn = 0; turn < 60; turn++) {
      asked.push(engine.publish(Tried({ id: 'other', number: turn, attempt: 1 })));
      asked.push(
        engine.deadLetters[what](1).then(
          () => 'done',
          (error) => error.code,
        ),
      );
      if (turn === 20) gate.open();
      await new Promise(setImmediate);
    }
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => typeof answer === 'string' && answer !== NOT_FOUND.code)).toEqual([]);
    await engine.drain();
    expect(await handledNumbers(engine, 'bad')).toEqual([1]);
    expect(engine.stats().parkedKeys).toBe(0);
  });
});
