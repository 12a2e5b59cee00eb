import { defineEvent, openEngine } from 'millrace';
import { command, defineAggregate, handleCommand, repository } from 'millrace/aggregates';
import { ConcurrencyError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { collect } from '../../support/collect.js';
import { openTestEngine } from '../../support/open-test-engine.js';

const schema = z.object({ account: z.string(), amount: z.number() });
const aggregateId = ({ account }: { readonly account: string }) => account;
const Deposited = defineEvent('bank.deposited', { schema, aggregateId });
const Withdrawn = defineEvent('bank.withdrawn', { schema, aggregateId });
const Audited = defineEvent('bank.audited', { schema, aggregateId });

interface Input {
  readonly amount: number;
  readonly eventId?: string;
}

const options = {
  events: [Deposited, Withdrawn],
  initial: () => ({ balance: 0 }),
  evolve: ({ balance }: { balance: number }, { data }: { data: { amount: number } }) => ({
    balance: balance + data.amount,
  }),
  commands: {
    deposit: (
      _state: unknown,
      { amount, eventId }: Input,
      ctx: { aggregateId: string; emit(event: unknown): void },
    ) =>
      ctx.emit(
        Deposited({ account: ctx.aggregateId, amount }, eventId === undefined ? undefined : { eventId }),
      ),
    audit: (_state: unknown, _input: undefined, ctx: { emit(event: unknown): void }) =>
      ctx.emit(Audited({ account: 'a', amount: 0 })),
    emit: (_state: unknown, event: unknown, ctx: { emit(event: unknown): void }) => ctx.emit(event),
    look: ({ balance }: { balance: number }) => balance,
  },
};
const define = (other: object = {}) => defineAggregate('account', { ...options, ...other } as never) as never;
const Account = define();
const ask = handleCommand as (...given: readonly unknown[]) => Promise<unknown>;
const open = () => openTestEngine({ events: [Deposited, Withdrawn, Audited] });

describe('a call that cannot be', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['an object', {}],
    ['a text', 'engine'],
    ['the promise of one', Promise.resolve()],
  ])('is refused with %s in the place of the engine', async (_name, engine) => {
    const refused = { code: 'MILLRACE_INVALID_OPTION', message: expect.stringContaining('engine') };
    await expect(ask(engine, Account, 'a', 'look', undefined)).rejects.toMatchObject(refused);
    expect(() => repository(engine as never, class {} as never)).toThrow(expect.objectContaining(refused));
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['an object', {}],
    ['options that were not defined', { name: 'x', events: [], initial: 0, evolve: 0, commands: {} }],
    ['no commands', { ...options, commands: null }],
  ])('is refused with %s in the place of the aggregate', async (_name, aggregate) => {
    await expect(ask(await open(), aggregate, 'a', 'look', undefined)).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_DEFINITION',
      message: expect.stringContaining('defineAggregate'),
    });
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['an empty text', ''],
    ['a number', 5],
    ['half a character', '\ud800'],
    ['a text that is too long', 'x'.repeat(1025)],
  ])('is refused with %s as the id, and nothing is read as that aggregate', async (_name, id) => {
    const engine = await open();
    await engine.publish(Deposited({ account: 'a', amount: 5 }));
    await expect(ask(engine, Account, id, 'look', undefined)).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_NAME',
    });
    if (typeof id === 'string') return;
    const refused = { code: 'MILLRACE_INVALID_OPTION', message: expect.stringContaining('aggregateId') };
    await expect(engine.last(id as never)).rejects.toMatchObject(refused);
    await expect(engine.append(id as never, [])).rejects.toMatchObject(refused);
  });

  test.each([null, '', 'stored', 5])('is refused with until %o, also when nothing follows', async (until) => {
    await expect(ask(await open(), Account, 'a', 'look', undefined, { until })).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_OPTION',
      message: expect.stringContaining('until'),
    });
  });
});

describe('what a command emits', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a plain object', { type: 'bank.deposited', data: { account: 'a', amount: 1 } }],
    ['a list', [Deposited({ account: 'a', amount: 1 })]],
    ['an event of a type that the aggregate does not have', Audited({ account: 'a', amount: 1 })],
  ])('is refused when it is %s', async (_name, event) => {
    const engine = await open();
    await expect(ask(engine, Account, 'a', 'emit', event)).rejects.toMatchObject({
      code: 'MILLRACE_UNKNOWN_EVENT_TYPE',
    });
    expect(await collect(engine)).toEqual([]);
  });

  test('keeps its eventId, which a command with a commandId may not give', async () => {
    const engine = await open();
    const input = { amount: 1, eventId: 'mine' };
    await expect(ask(engine, Account, 'a', 'deposit', input, { commandId: 'c' })).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_OPTION',
      message: expect.stringContaining('eventId'),
    });
    await ask(engine, Account, 'a', 'deposit', input);
    expect((await collect(engine)).map(({ metadata }) => metadata.eventId)).toEqual(['mine']);
  });
});

test('a state that comes later is refused: a command would look at a promise', async () => {
  const engine = await open();
  await engine.publish(Deposited({ account: 'a', amount: 1 }));
  const refused = { code: 'MILLRACE_INVALID_STATE', message: expect.stringContaining('promise') };
  const evolving = define({ evolve: async (state: unknown) => state });
  await expect(ask(engine, evolving, 'a', 'look', undefined)).rejects.toMatchObject(refused);
  const beginning = define({ initial: async () => ({ balance: 0 }) });
  await expect(ask(engine, beginning, 'b', 'look', undefined)).rejects.toMatchObject(refused);
});

test('a schema that throws, or answers later, is refused with the command that it belongs to', async () => {
  const engine = await open();
  const broken = z.number().refine(() => {
    throw new Error('broken rule');
  });
  for (const [schema, words] of [
    [z.number().refine(async () => true), 'promise'],
    [broken, 'broken rule'],
  ] as const) {
    const Checked = define({ commands: { go: command(schema, () => 1) } });
    await expect(ask(engine, Checked, 'a', 'go', 1)).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_DEFINITION',
      message: expect.stringMatching(new RegExp(`'go' of 'account'.*${words}`, 'i')),
    });
  }
});

test.each<[string, object]>([
  ['a list of commands', { commands: [() => 1] }],
  ['a Map of commands', { commands: new Map() }],
  // biome-ignore format: a hole
  ['events with a hole', { events: new Array(1).concat(Deposited) }],
])('%s is refused when it is defined', (_name, given) => {
  expect(() => define(given)).toThrow(expect.objectContaining({ code: 'MILLRACE_INVALID_DEFINITION' }));
});

test('an engine may be wrapped, and options be of a class', async () => {
  await using engine = await openEngine({ events: [Deposited, Withdrawn], threads: 0 });
  const wrapped = {
    read: (...given: Parameters<typeof engine.read>) => engine.read(...given),
    append: (...given: Parameters<typeof engine.append>) => engine.append(...given),
  };
  class Options {
    get commandId(): string {
      return 'c';
    }
  }
  await ask(wrapped, Account, 'a', 'deposit', { amount: 1 }, new Options());
  const again = await ask(wrapped, Account, 'a', 'deposit', { amount: 1 }, new Options());
  expect(again).toMatchObject({ isRepeated: true, version: 1 });
});

test('a command that throws a ConcurrencyError of its own has failed, and is not decided again', async () => {
  const engine = await openTestEngine({ events: [Deposited, Withdrawn] });
  let times = 0;
  const Own = defineAggregate('account', {
    events: [Deposited],
    initial: () => 0,
    evolve: (count: number) => count + 1,
    commands: {
      clash: () => {
        times++;
        throw new ConcurrencyError('made up');
      },
    },
  });
  await expect(handleCommand(engine, Own, 'a', 'clash', undefined)).rejects.toThrow('made up');
  expect(times).toBe(1);
});
