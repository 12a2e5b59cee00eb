import { type Engine, openEngine } from 'millrace';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { Account, Deposited, Noted, Peril, Withdrawn } from '../../handlers/aggregates.mjs';
import { add, BANK, deposit, openBank, withdraw } from '../../support/aggregates.js';
import { collect, oneTo } from '../../support/collect.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

const ENGINES = [
  { threads: 0, durability: 'memory' },
  { threads: 0, durability: 'disk' },
  { threads: 1, durability: 'memory' },
  { threads: 2, durability: 'disk' },
] as const;

describe.each(ENGINES)('commands on lanes, $threads threads, $durability', ({ threads, durability }) => {
  const open = () => openBank({ threads, ...storeFor(durability) });

  test('emit, reply, and see what was before them', async () => {
    const engine = await open();
    const first = await engine.execute(Account, 'ann', 'deposit', { amount: 100 });
    expectTypeOf(first.reply).toBeNumber();
    expect(first).toEqual({ reply: 100, version: 1, position: 1, isRepeated: false });
    expect(await withdraw(engine, 'ann', 70)).toEqual({
      reply: 30,
      version: 2,
      position: 2,
      isRepeated: false,
    });
    const look = await engine.execute(Account, 'ann', 'look', undefined);
    expectTypeOf(look.reply).toEqualTypeOf<{ version: number; balance: number; times: number }>();
    // Nothing follows from it.
    expect(look).toEqual({
      reply: { balance: 30, times: 2, version: 2 },
      version: 2,
      position: 0,
      isRepeated: false,
    });
    expect((await engine.execute(Account, 'bob', 'look', undefined)).reply).toEqual({
      balance: 0,
      times: 0,
      version: 0,
    });
    const events = await collect(engine, { aggregateId: 'ann' });
    expect(events.map(({ type, version, data }) => ({ type, version, data }))).toEqual([
      { type: 'bank.deposited', version: 1, data: { account: 'ann', amount: 100 } },
      { type: 'bank.withdrawn', version: 2, data: { account: 'ann', amount: 70 } },
    ]);
  });

  test('a refusal is what it is on the other side of a thread, and stores nothing', async () => {
    const engine = await open();
    await deposit(engine, 'ann', 5);
    await expect(withdraw(engine, 'ann', 6)).rejects.toMatchObject({
      name: 'CommandRefusedError',
      code: 'MILLRACE_COMMAND_REFUSED',
      message: 'There are 5.',
      details: { rule: 'insufficient_funds', aggregate: 'account', aggregateId: 'ann', balance: 5 },
    });
    expect(engine.stats().lastPosition).toBe(1);
    // Its aggregate goes on.
    expect((await withdraw(engine, 'ann', 5)).reply).toBe(0);
  });

  test('of one aggregate are decided in the order of the calls, whatever others do', async () => {
    const engine = await open();
    const replies = await Promise.all(
      oneTo(300).map(async (n) => (await deposit(engine, `a${n % 3}`, 1)).reply),
    );
    expect(replies).toEqual(oneTo(300).map((n) => Math.floor((n + 2) / 3)));
    expect(engine.stats().lastPosition).toBe(300);
  });

  test('all events of a command come one behind the other, and its result tells of the last', async () => {
    const engine = await open();
    const amounts = oneTo(20);
    const both = await Promise.all([
      engine.execute(Account, 'ann', 'move', { amounts }),
      engine.execute(Account, 'ann', 'move', { amounts }),
    ]);
    expect(both.map(({ reply, version }) => [reply, version])).toEqual([
      [0, 20],
      [210, 40],
    ]);
    const events = await collect(engine, { aggregateId: 'ann' });
    expect(events.map(({ data }) => (data as { amount: number }).amount)).toEqual([...amounts, ...amounts]);
    expect(events.at(-1)?.position).toBe(both[1]?.position);
  });

  test('what others publish, append and have decided on the main thread comes between, and is seen', async () => {
    const engine = await open();
    await deposit(engine, 'ann', 10);
    await engine.publish(Withdrawn({ account: 'ann', amount: 4 }));
    await engine.append('ann', [Deposited({ account: 'ann', amount: 1 })], { expectedVersion: 2 });
    await engine.publish(Noted({ account: 'ann' }));
    expect(await withdraw(engine, 'ann', 7)).toMatchObject({ reply: 0, version: 5 });
    await expect(withdraw(engine, 'ann', 1)).rejects.toMatchObject({ code: 'MILLRACE_COMMAND_REFUSED' });
  });

  test('a query sees all that was answered, on a copy', async () => {
    const engine = await open();
    for (const n of oneTo(20)) {
      await deposit(engine, 'ann', 1);
      const seen = await engine.query(Account, 'ann', (state) => {
        const { balance } = state;
        state.balance = 1000;
        return balance;
      });
      expectTypeOf(seen).toBeNumber();
      expect(seen).toBe(n);
    }
    expect(await engine.query(Account, 'nobody', ({ balance }) => balance)).toBe(0);
    await engine.publish(Deposited({ account: 'ann', amount: 5 }));
    expect(await engine.query(Account, 'ann', async ({ balance }) => balance)).toBe(25);
    const failing = engine.query(Account, 'ann', () => {
      throw new RangeError('no');
    });
    await expect(failing).rejects.toThrow(RangeError);
  });

  test('with an id are done once, also when asked again at once', async () => {
    const engine = await open();
    await deposit(engine, 'ann', 100);
    const once = await withdraw(engine, 'ann', 70, { commandId: 'r1' });
    expect(once).toEqual({ reply: 30, version: 2, position: 2, isRepeated: false });
    await deposit(engine, 'ann', 5);
    const [again, other, third] = await Promise.all([
      withdraw(engine, 'ann', 70, { commandId: 'r1' }),
      withdraw(engine, 'ann', 10, { commandId: 'r2' }),
      withdraw(engine, 'ann', 10, { commandId: 'r2' }),
    ]);
    expect(again).toEqual({ ...once, isRepeated: true });
    expect(other).toEqual({ reply: 25, version: 4, position: 4, isRepeated: false });
    expect(third).toEqual({ ...other, isRepeated: true });
    expect(engine.stats().lastPosition).toBe(4);
  });
});

describe('commands on lanes', () => {
  test('are known by their ids when the engine is opened again, and to the main thread', async () => {
    const store = tempStore();
    const first = await openEngine({ events: BANK, aggregates: [handlers('aggregates')], threads: 1, store });
    await deposit(first, 'ann', 10, { commandId: 'd' });
    const once = await withdraw(first, 'ann', 3, { commandId: 'w' });
    await deposit(first, 'ann', 10);
    await first.close();
    const engine = await openBank({ threads: 1, store });
    expect(await withdraw(engine, 'ann', 3, { commandId: 'w' })).toEqual({ ...once, isRepeated: true });
    expect(await withdraw(engine, 'ann', 3)).toMatchObject({ reply: 14, version: 4 });
  });

  test('come as far as they are asked to', async () => {
    const engine = await openTestEngine({
      events: BANK,
      aggregates: [handlers('aggregates')],
      handlers: [],
      threads: 1,
      store: tempStore(),
    });
    const { position } = await deposit(engine, 'ann', 1, { until: 'accepted' });
    expect(position).toBe(1);
    await deposit(engine, 'ann', 1, { until: 'handled' });
    expect(engine.stats().handled).toBe(2);
  });

  test('are decided by aggregates that are given themselves, on the main thread', async () => {
    const engine = await openTestEngine({ events: BANK, aggregates: [Account, Peril], threads: 0 });
    await deposit(engine, 'ann', 3);
    expect((await withdraw(engine, 'ann', 3)).reply).toBe(0);
    await expect(engine.setThreads(1)).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
  });

  test('of an aggregate of thousands of events find its state page by page', async () => {
    const store = tempStore();
    const writer = await openBank({ threads: 0, store });
    await writer.publishMany(oneTo(3000).map(() => Deposited({ account: 'ann', amount: 1 })));
    await writer.close();
    const engine = await openBank({ threads: 1, store });
    expect(await deposit(engine, 'ann', 1)).toMatchObject({ reply: 3001, version: 3001 });
    expect(await deposit(engine, 'ann', 1)).toMatchObject({ reply: 3002, version: 3002 });
  });

  test('are typed from the definition to the reply', () => {
    const typed = async (engine: Engine) => {
      // @ts-expect-error There is no such command.
      await engine.execute(Account, 'a', 'deposits', { amount: 1 });
      // @ts-expect-error Its input is a number.
      await engine.execute(Account, 'a', 'deposit', { amount: '1' });
      const { reply } = await add(engine, 'a', 1);
      expectTypeOf(reply).toBeNumber();
      expectTypeOf((await engine.execute(Peril, 'a', 'all', undefined)).reply).toEqualTypeOf<number[]>();
      expectTypeOf(await engine.query(Peril, 'a', (amounts) => amounts)).toEqualTypeOf<number[]>();
    };
    expect(typed).toBeTypeOf('function');
  });
});
