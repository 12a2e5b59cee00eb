import { openEngine } from 'millrace';
import { defineAggregate } from 'millrace/aggregates';
import { EmitAfterEndError, InvalidStateError, UnknownAggregateError } from 'millrace/errors';
import { createTestEngine } from 'millrace/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Account, Deposited, Peril } from '../../handlers/aggregates.mjs';
import { add, BANK, deposit, openBank, withdraw } from '../../support/aggregates.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';

const asked = (name: string, input?: unknown) => ({ name, input }) as { name: 'all'; input: undefined };

describe.each([0, 1])('a command that cannot be, %i threads', (threads) => {
  const open = () => openBank({ threads });

  test('fails alone, with what it threw, and its aggregate goes on', async () => {
    const engine = await open();
    await add(engine, 'p', 1);
    const all = await Promise.allSettled([
      add(engine, 'p', 2),
      engine.execute(Peril, 'p', 'throws', 'broken'),
      add(engine, 'p', 3),
      engine.execute(Peril, 'p', 'rejects', 'later'),
      add(engine, 'p', 4),
    ]);
    expect(all.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(all[1]).toMatchObject({
      reason: { name: 'RangeError', message: 'broken', cause: { message: 'deep' } },
    });
    expect(all[3]).toMatchObject({ reason: { message: 'later', code: 'E_OWN' } });
    expect(await engine.query(Peril, 'p', (amounts) => amounts)).toEqual([1, 2, 3, 4]);
    expect(engine.stats().lastPosition).toBe(4);
  });

  test.each([
    ['wrongData', 'MILLRACE_SCHEMA_MISMATCH'],
    ['wrongAggregate', 'MILLRACE_INVALID_NAME'],
    ['noEvent', 'MILLRACE_UNKNOWN_EVENT_TYPE'],
    ['badReply', 'MILLRACE_UNSUPPORTED_PAYLOAD'],
  ] as const)('%s: %s, and nothing of it is stored', async (name, code) => {
    const engine = await open();
    await add(engine, 'p', 1);
    await expect(engine.execute(Peril, 'p', name, undefined)).rejects.toMatchObject({ code });
    expect(engine.stats().lastPosition).toBe(1);
    expect((await add(engine, 'p', 2)).version).toBe(2);
  });

  test('leaves nothing of itself to those that are decided together with it', async () => {
    const engine = await open();
    const [, after] = await Promise.allSettled([add(engine, 'p', 667), add(engine, 'q', 1)]);
    expect(after).toMatchObject({ value: { version: 1, position: 1 } });
    expect(engine.stats().lastPosition).toBe(1);
  });

  test.each([666, 667])('a state that evolve does not make of an event: %i', async (amount) => {
    const engine = await open();
    await add(engine, 'p', 1);
    const failed = add(engine, 'p', amount);
    if (amount === 667) await expect(failed).rejects.toThrow('evolve is broken');
    else await expect(failed).rejects.toThrow(InvalidStateError);
    expect(await add(engine, 'p', 3)).toMatchObject({ reply: 1, version: 2 });
    // An event of the log that it makes nothing of keeps the aggregate from any command, and no other one.
    await engine.publish(Deposited({ account: 'p', amount }));
    await expect(add(engine, 'p', 4)).rejects.toThrow();
    await expect(engine.query(Peril, 'p', (amounts) => amounts)).rejects.toThrow();
    expect((await add(engine, 'q', 4)).version).toBe(1);
  });

  test('a state that is no data is for commands alone', async () => {
    const engine = await open();
    await add(engine, 'p', 669);
    expect((await add(engine, 'p', 1)).reply).toBe(1);
    await expect(engine.query(Peril, 'p', (amounts) => amounts)).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_STATE',
    });
  });

  test('a state that is made of positions has the true ones', async () => {
    const engine = await open();
    await deposit(engine, 'other', 1);
    const [, second] = await Promise.all([add(engine, 'p', 668), add(engine, 'p', 668)]);
    expect(second).toMatchObject({ reply: 1, version: 2 });
    expect(await engine.query(Peril, 'p', (amounts) => amounts)).toEqual([2, 3]);
  });

  test('emits nothing when it has ended', async () => {
    const engine = await open();
    await engine.execute(Peril, 'p', 'keep', undefined);
    await expect(engine.execute(Peril, 'p', 'emitLate', undefined)).rejects.toThrow(EmitAfterEndError);
    expect(engine.stats().lastPosition).toBe(0);
  });

  test('is refused where it is called, with what to do', async () => {
    const engine = await open();
    const wrong = (call: Promise<unknown>, code: string, message: RegExp) =>
      expect(call).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    const none = asked('non');
    await wrong(
      engine.execute(Peril, 'p', none.name, undefined),
      'MILLRACE_UNKNOWN_COMMAND',
      /has no command/,
    );
    await wrong(
      deposit(engine, 'a', -1),
      'MILLRACE_SCHEMA_MISMATCH',
      /'deposit' of 'account', field 'amount'/,
    );
    await wrong(deposit(engine, ''), 'MILLRACE_INVALID_NAME', /1 to \d+ bytes/);
    await wrong(deposit(engine, 'x'.repeat(2000)), 'MILLRACE_INVALID_NAME', /2000 characters/);
    await wrong(deposit(engine, 'a', 1, { commandId: '' }), 'MILLRACE_INVALID_OPTION', /commandId/);
    await wrong(deposit(engine, 'a', 1, { until: 'soon' }), 'MILLRACE_INVALID_OPTION', /until/);
    await wrong(deposit(engine, 'a', 1, { untl: 'durable' }), 'MILLRACE_INVALID_OPTION', /untl/);
    await wrong(deposit(engine, 'a', 1, { signal: {} }), 'MILLRACE_INVALID_OPTION', /no AbortSignal/);
    const input = () => {};
    await wrong(
      engine.execute(Peril, 'p', 'all', input as never),
      'MILLRACE_UNSUPPORTED_PAYLOAD',
      /'all' of 'peril': its input is no plain data/,
    );
    const Other = defineAggregate('acount', {
      events: [Deposited],
      initial: () => 0,
      evolve: (n) => n,
      commands: {},
    });
    await wrong(
      engine.query(Other, 'a', (n) => n),
      'MILLRACE_UNKNOWN_AGGREGATE',
      /did you mean 'account'/i,
    );
    await wrong(
      engine.query({} as typeof Other, 'a', (n) => n),
      'MILLRACE_UNKNOWN_AGGREGATE',
      /defineAggregate/,
    );
    expect(engine.stats().lastPosition).toBe(0);
  });

  test('of an engine without aggregates says how to open one', async () => {
    const engine = await openTestEngine({ threads, events: BANK });
    await expect(deposit(engine, 'a')).rejects.toThrow(UnknownAggregateError);
    await expect(deposit(engine, 'a')).rejects.toThrow('option aggregates of openEngine');
  });
});

describe('the option aggregates', () => {
  const refused = (options: object) => expect(openTestEngine({ events: BANK, ...options }));

  test.each([
    0, 1,
  ])('must name modules that are there and export aggregates of the engine’s events, %i threads', async (threads) => {
    const given = (...aggregates: unknown[]) => ({ threads, aggregates });
    await refused(given('no url')).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
    await refused({ threads, aggregates: {} }).rejects.toMatchObject({ code: 'MILLRACE_INVALID_OPTION' });
    await refused(given(handlers('not-there'))).rejects.toMatchObject({
      code: 'MILLRACE_HANDLER_MODULE_NOT_FOUND',
    });
    await refused(given(handlers('counted'))).rejects.toMatchObject({
      code: 'MILLRACE_HANDLER_MODULE_INVALID',
      message: expect.stringContaining('exports no aggregate'),
    });
    await refused({ ...given(handlers('aggregates')), events: [Deposited] }).rejects.toMatchObject({
      code: 'MILLRACE_HANDLER_MODULE_INVALID',
      message: expect.stringContaining("Add it to 'events'"),
    });
  });

  test('takes the aggregates themselves on the main thread only, each name once', async () => {
    await refused({ threads: 1, aggregates: [Account] }).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_OPTION',
      message: expect.stringContaining('threads: 0'),
    });
    const Same = defineAggregate('account', {
      events: [Deposited],
      initial: () => 0,
      evolve: (n) => n,
      commands: {},
    });
    await refused({ threads: 0, aggregates: [Account, Same] }).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_DEFINITION',
    });
    const engine = await openTestEngine({ events: BANK, threads: 0, aggregates: [Account, Account] });
    expect((await deposit(engine, 'a')).version).toBe(1);
  });

  test('is one of a test engine, whose clock the events have', async () => {
    const engine = await createTestEngine({ events: BANK, aggregates: [Account], now: 5000 });
    onTestFinished(() => engine.close());
    await deposit(engine, 'a');
    await engine.clock.advance(10);
    await deposit(engine, 'a');
    const times: number[] = [];
    for await (const { occurredAt } of engine.read()) times.push(occurredAt);
    expect(times).toEqual([5000, 5010]);
  });
});

describe('a command', () => {
  test('on the main thread that awaits another one, or its engine’s end, is refused that', async () => {
    const inside: string[] = [];
    const Waiting = defineAggregate('waiting', {
      events: [Deposited],
      initial: () => 0,
      evolve: (n) => n,
      commands: {
        wait: async () => {
          for (const call of [() => deposit(engine, 'b'), () => engine.drain()]) {
            await call().catch(({ code }: { code: string }) => inside.push(code));
          }
        },
      },
    });
    const engine = await openTestEngine({ events: BANK, threads: 0, aggregates: [Account, Waiting] });
    await engine.execute(Waiting, 'a', 'wait', undefined);
    expect(inside).toEqual(['MILLRACE_WAITS_FOR_ITSELF', 'MILLRACE_WAITS_FOR_ITSELF']);
  });

  test('is ended by its signal while nothing of it is stored, and not after', async () => {
    const engine = await openBank({ threads: 1 });
    const aborted = AbortSignal.abort(new Error('before'));
    await expect(deposit(engine, 'a', 1, { signal: aborted })).rejects.toThrow('before');
    const controller = new AbortController();
    const { signal } = controller;
    const slow = engine.execute(Peril, 'a', 'slow', { amount: 1, ms: 50 }, { signal });
    const behind = add(engine, 'a', 2);
    controller.abort(new Error('meanwhile'));
    await expect(slow).rejects.toThrow('meanwhile');
    // What stood behind it is decided as if it had not been.
    expect(await behind).toMatchObject({ reply: 0, version: 1 });
    expect(await engine.query(Peril, 'a', (amounts) => amounts)).toEqual([2]);
    const late = new AbortController();
    await add(engine, 'a', 3, { signal: late.signal });
    late.abort();
    expect(await engine.query(Peril, 'a', (amounts) => amounts)).toEqual([2, 3]);
    await expect(engine.query(Peril, 'a', (amounts) => amounts, { signal: aborted })).rejects.toThrow(
      'before',
    );
  });

  test('is refused by an engine that is closed', async () => {
    const engine = await openEngine({ events: BANK, aggregates: [handlers('aggregates')], threads: 0 });
    await engine.close();
    await expect(withdraw(engine, 'a')).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
    await expect(engine.query(Account, 'a', () => 0)).rejects.toMatchObject({ code: 'MILLRACE_CLOSED' });
  });
});
