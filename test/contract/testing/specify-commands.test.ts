import { specify } from 'millrace/testing';
import { expect, test } from 'vitest';
import saga from '../../handlers/saga.mjs';
import { Box, Elsewhere, SAGA_EVENTS } from '../../handlers/saga-box.mjs';
import { asked } from '../../support/sagas.js';

const spec = specify(saga, { events: SAGA_EVENTS, aggregates: [Box] });
const sends = [
  { to: 'a', n: 1 },
  { to: 'b', n: 2, what: 'refuse' as const },
];
const first = { aggregate: Box, aggregateId: 'a', command: 'add' };
const second = { aggregate: Box, aggregateId: 'b', command: 'refuse' };

test('thenExecutes passes for exactly the commands that handlers send, in order, whatever becomes of them', async () => {
  const { executed, emitted } = await spec.when(asked('k', sends)).thenExecutes(first, second);
  expect(executed).toMatchObject([
    { aggregate: 'box', aggregateId: 'a', command: 'add', input: { n: 1 } },
    { aggregate: 'box', aggregateId: 'b', command: 'refuse', input: { n: 2 } },
  ]);
  expect(emitted).toEqual([]);
  await spec.when(asked('k', [])).thenExecutes();
  const once = await spec.when(asked('k', sends, 'throw-once')).thenExecutes(first, second);
  expect(once.attempts).toBe(2);
});

test.each([
  ['one too few', [first], /command 2 was not expected: 'refuse' to box 'b'/],
  ['one too many', [first, second, first], /command 3 was not sent: 'add' to box 'a'/],
  ['another aggregate', [{ ...first, aggregate: Elsewhere }, second], /expected 'add' to elsewhere 'a'/],
  ['another input', [{ ...first, input: 5 }, second], /command 1: expected 'add' to box 'a' 5, got/],
])('thenExecutes says what differs: %s', async (_what, expected, message) => {
  await expect(spec.when(asked('k', sends)).thenExecutes(...expected)).rejects.toThrow(message);
});

test('an outcome has no command of an event that failed', async () => {
  const failing = spec.when(asked('k', sends, 'throw'));
  expect((await failing.outcome()).executed).toEqual([]);
  await expect(failing.thenExecutes(first, second)).rejects.toThrow(/its handlers threw/);
});
