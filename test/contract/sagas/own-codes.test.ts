import { MillraceError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { Box } from '../../handlers/saga-box.mjs';
import { INLINE_AND_THREADS } from '../../support/executors.js';
import { storeFor } from '../../support/open-test-engine.js';
import { asked, boxesOf, noticesOf, openSaga } from '../../support/sagas.js';

const CODES = [
  'MILLRACE_COMMAND_REFUSED',
  'MILLRACE_LANE_CRASHED',
  'MILLRACE_NOT_DETERMINISTIC',
  'MILLRACE_HANDLER_TIMEOUT',
];
const input = (code: string) => ({ to: 'a', n: 0, what: 'add' as const, path: '', next: [], code });
const HOWS = ['coded', 'own'] as const;

describe.each(
  INLINE_AND_THREADS,
)('an error with a code of ours that a command throws, %i threads', (threads) => {
  test.each([
    false,
    true,
  ])('is a failure of a handler’s command like any other, deterministic: %s', async (deterministic) => {
    const engine = await openSaga({ threads, deterministic, ...storeFor('os') });
    const told = noticesOf(engine);
    // In keys of their own, so that their tries do not wait for each other.
    const thrown = HOWS.flatMap((what) => CODES.map((code) => ({ to: `${what}${code}`, what, code })));
    const all = [...thrown, { to: 'evolve', n: 666 }];
    for (const [index, send] of all.entries()) {
      await engine.publish({ ...asked(send.to, [send]), options: { occurredAt: index + 1 } });
    }
    await engine.drain();
    expect(told.map(({ kind }) => kind)).toEqual(all.map(() => 'command-held'));
    expect(engine.heldCommands().map(({ attempts }) => attempts)).toEqual(all.map(() => 8));
    expect(engine.stats().commands).toMatchObject({ refused: 0, failed: 8 * all.length, held: all.length });
  });

  test('is no refusal for a caller, and none of our classes unless it was', async () => {
    const engine = await openSaga({ threads });
    for (const code of CODES) {
      const coded = await engine.execute(Box, 'a', 'coded', input(code)).catch((error: unknown) => error);
      expect(coded).toMatchObject({ message: 'made up', code, name: 'Error' });
      expect(coded).not.toBeInstanceOf(MillraceError);
      const own = engine.execute(Box, 'a', 'own', input(code));
      await expect(own).rejects.toMatchObject({ message: 'made up', code, details: { rule: 'made up' } });
    }
    expect(engine.stats().commands).toMatchObject({ refused: 0, failed: 2 * CODES.length });
  });

  test('is no refusal when an earlier command has refused with it', async () => {
    const engine = await openSaga({ threads });
    const told = noticesOf(engine);
    await engine.publish(asked('k', [{ to: 'a', what: 'kept' }]));
    await engine.drain();
    await engine.publish(
      asked('k', [
        { to: 'a', what: 'kept', n: 1 },
        { to: 'a', n: 7 },
      ]),
    );
    await engine.drain();
    expect(told.map(({ kind }) => kind)).toEqual(['command-refused', 'command-held']);
    expect(await boxesOf(engine)).toEqual({ a: [7] });
  });
});

test('a handler’s command in a loop is held when it has ended two threads, as one that they die of', async () => {
  const engine = await openSaga({ threads: 1, handlerTimeoutMs: 100 });
  let replaced = 0;
  engine.onNotice(({ kind }) => {
    if (kind === 'lane-replaced') replaced++;
  });
  await engine.publish(
    asked('k', [
      { to: 'a', what: 'spin' },
      { to: 'b', n: 1 },
    ]),
  );
  await engine.drain();
  expect(engine.heldCommands()).toMatchObject([
    { command: 'spin', attempts: 2, error: { code: 'MILLRACE_HANDLER_TIMEOUT' } },
  ]);
  expect(await boxesOf(engine)).toEqual({ b: [1] });
  expect(replaced).toBe(2);
});
