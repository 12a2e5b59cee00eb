import { expect, test } from 'vitest';
import { Child } from '../../support/child.js';

/** Answers to the questions that test/fixtures/publisher-memory.mjs asks of the garbage collector. */
const ANSWERS: readonly [string, unknown][] = [
  ['a weakly held owner is collected', true],
  ['its subscription ends without an event', true],
  ['and says so', [false, true, 1]],
  ['a handler may use its owner in other ways', true],
  ['retries keep no weak owner alive', true],
  ['and end with it', 1],
  ['an owner that is not weak is kept', true],
  ['and hears on', [2, 1]],
  ['until it is unsubscribed', true],
  ['a failure that is kept keeps no owner', true],
  ['though it is there', 1],
  ['an ended subscription holds neither owner nor handler', true],
  ['though it is held, and its signal', [false, false]],
  ['a subscription of one event lets go with it', true],
  ['and is done', [1, 0]],
  ['owners and signals keep no publisher alive', true],
  ['though they live', [2, false]],
  ['the bytes of tagged subscriptions are there', true],
  ['until their owner is unsubscribed', 100],
  ['then they are released', true],
  ['those of weak subscriptions are released without that', true],
  ['and nothing of them is left', 0],
  ['those of owners that are not weak stay', true],
];

test('subscriptions hold on to nobody who is gone', async () => {
  const child = new Child('publisher-memory.mjs');
  await child.wrote(ANSWERS.length);
  expect(child.lines.map((line) => JSON.parse(line))).toEqual(ANSWERS);
});
