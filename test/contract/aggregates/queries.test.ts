import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Account, Deposited, Peril } from '../../handlers/aggregates.mjs';
import { add, deposit, openBank } from '../../support/aggregates.js';
import { oneTo } from '../../support/collect.js';

describe.each([0, 1])('a query, %i threads', (threads) => {
  const hang = (signal: AbortSignal) => [Peril, 'p', 'hang', undefined, { signal }] as const;

  test('waits for no command that is awaited, also when others have published to the aggregate meanwhile', async () => {
    const engine = await openBank({ threads });
    const all = (more = 0) => engine.query(Peril, 'p', (amounts) => amounts.map((amount) => amount + more));
    await add(engine, 'p', 1);
    const controller = new AbortController();
    const hanging = engine.execute(...hang(controller.signal));
    expect(await all()).toEqual([1]);
    await engine.publish(Deposited({ account: 'p', amount: 2 }));
    expect(await Promise.all([all(), all(10)])).toEqual([
      [1, 2],
      [11, 12],
    ]);
    // An aggregate of another kind over the same events.
    expect(await engine.query(Account, 'p', ({ balance }) => balance)).toBe(3);
    controller.abort(new Error('enough'));
    await expect(hanging).rejects.toThrow('enough');
    expect(await add(engine, 'p', 3)).toMatchObject({ reply: 2, version: 3 });
    expect(await all()).toEqual([1, 2, 3]);
  });

  test('waits for no command that began when the state had been read', async () => {
    const engine = await openBank({ threads });
    await engine.publish(Deposited({ account: 'p', amount: 2 }));
    const controller = new AbortController();
    const hanging = engine.execute(...hang(controller.signal));
    const behind = add(engine, 'p', 3);
    expect(await engine.query(Peril, 'p', (amounts) => amounts)).toEqual([2]);
    controller.abort(new Error('enough'));
    await expect(hanging).rejects.toThrow('enough');
    expect((await behind).version).toBe(2);
  });

  test('is answered when the command whose events it saw cannot be appended', async () => {
    const engine = await openBank({ threads, maxInFlight: 4 });
    const tooMany = engine.execute(Account, 'a', 'move', { amounts: oneTo(5) });
    const seen = engine.query(Account, 'a', ({ balance }) => balance);
    await expect(tooMany).rejects.toMatchObject({ code: 'MILLRACE_APPEND_TOO_LARGE' });
    expect(await seen).toBe(0);
  });

  test('is answered beside any number of commands that wait for room', async () => {
    const engine = await openBank({ threads, maxInFlight: 2 });
    const all = oneTo(400).map(() => deposit(engine, 'a'));
    const seen = await engine.query(Account, 'a', ({ balance }) => balance);
    expect(seen).toBeLessThanOrEqual(400);
    await Promise.all(all);
  });

  test('of a state that is too deep for its thread fails alone', async () => {
    const engine = await openBank({ threads });
    await add(engine, 'deep', 670);
    const seen = engine.query(Peril, 'deep', () => 'seen');
    await expect(seen).rejects.toMatchObject({ code: 'MILLRACE_INVALID_STATE' });
    expect((await add(engine, 'p')).version).toBe(1);
  });
});

test.each([
  0, 1,
])('the events of a command that waits have the time of the call, %i threads', async (threads) => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
  onTestFinished(() => void vi.useRealTimers());
  const engine = await openBank({ threads });
  const failing = engine.execute(Peril, 'p', 'rejects', 'late', { commandId: 'one' });
  const behind = add(engine, 'p', 1, { commandId: 'one' });
  vi.setSystemTime(2_000_000);
  await expect(failing).rejects.toThrow('late');
  await behind;
  expect((await engine.last('p'))?.occurredAt).toBe(1_000_000);
});
