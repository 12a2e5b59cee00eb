import { defineEvent, type Engine } from 'millrace';
import { command, defineAggregate, handleCommand } from 'millrace/aggregates';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { collect, oneTo } from '../../support/collect.js';
import { openForTests, openTestEngine, storeFor } from '../../support/open-test-engine.js';
import { tempStore } from '../../support/temp-folder.js';

// The scenario of Emmett's getting-started: a shopping cart that takes products, gives them back, and is confirmed once.
const items = z.object({ cart: z.string(), product: z.string(), quantity: z.number().int().positive() });
const cartId = ({ cart }: { readonly cart: string }) => cart;
const ItemAdded = defineEvent('cart.item_added', { schema: items, aggregateId: cartId });
const ItemRemoved = defineEvent('cart.item_removed', { schema: items, aggregateId: cartId });
const Confirmed = defineEvent('cart.confirmed', {
  schema: z.object({ cart: z.string() }),
  aggregateId: cartId,
});
const EVENTS = [ItemAdded, ItemRemoved, Confirmed];

interface CartState {
  readonly items: Readonly<Record<string, number>>;
  readonly isConfirmed: boolean;
}

const Cart = defineAggregate('cart', {
  events: EVENTS,
  initial: (): CartState => ({ items: {}, isConfirmed: false }),
  evolve: (state, event) => {
    switch (event.type) {
      case 'cart.item_added':
        return {
          ...state,
          items: { ...state.items, [event.data.product]: had(state, event.data) + event.data.quantity },
        };
      case 'cart.item_removed':
        return {
          ...state,
          items: { ...state.items, [event.data.product]: had(state, event.data) - event.data.quantity },
        };
      default:
        return { ...state, isConfirmed: true };
    }
  },
  commands: {
    add: (state, { product, quantity }: { product: string; quantity: number }, ctx) => {
      if (state.isConfirmed) ctx.refuse('already_confirmed', 'The cart is closed.');
      ctx.emit(ItemAdded({ cart: ctx.aggregateId, product, quantity }));
      return had(state, { product }) + quantity;
    },
    remove: command(
      z.object({ product: z.string(), quantity: z.number().positive() }),
      (state: CartState, input, ctx) => {
        if (had(state, input) < input.quantity)
          ctx.refuse('not_enough', undefined, { has: had(state, input) });
        ctx.emit(ItemRemoved({ cart: ctx.aggregateId, ...input }));
      },
    ),
    confirm: async (state, _input: undefined, ctx) => {
      if (state.isConfirmed) return 'it was';
      await Promise.resolve();
      ctx.emit(Confirmed({ cart: ctx.aggregateId }));
      return 'it is';
    },
    look: (state, _input: undefined, ctx) => ({ ...state, version: ctx.version }),
    breaks: () => {
      throw new RangeError('broken');
    },
  },
});

function had({ items }: CartState, { product }: { readonly product: string }): number {
  return items[product] ?? 0;
}

const open = (options = {}) => openTestEngine({ events: EVENTS, ...options });
const look = (engine: Engine, cart: string) => handleCommand(engine, Cart, cart, 'look', undefined);

describe.each(['memory', 'disk'] as const)('commands of a decider, %s', (durability) => {
  test('emit, reply, and see what was before them', async () => {
    const engine = await open(storeFor(durability));
    const first = await handleCommand(engine, Cart, 'c1', 'add', { product: 'shoes', quantity: 2 });
    expectTypeOf(first.reply).toBeNumber();
    expect(first).toEqual({ reply: 2, version: 1, position: 1, isRepeated: false });
    expect(await handleCommand(engine, Cart, 'c1', 'add', { product: 'shoes', quantity: 1 })).toMatchObject({
      reply: 3,
      version: 2,
    });
    await handleCommand(engine, Cart, 'c1', 'remove', { product: 'shoes', quantity: 1 });
    const confirmed = await handleCommand(engine, Cart, 'c1', 'confirm', undefined);
    expectTypeOf(confirmed.reply).toBeString();
    expect(confirmed).toEqual({ reply: 'it is', version: 4, position: 4, isRepeated: false });
    // Nothing follows from it.
    expect(await handleCommand(engine, Cart, 'c1', 'confirm', undefined)).toEqual({
      reply: 'it was',
      version: 4,
      position: 0,
      isRepeated: false,
    });
    expect((await look(engine, 'c1')).reply).toEqual({ items: { shoes: 2 }, isConfirmed: true, version: 4 });
    expect((await look(engine, 'c2')).reply).toEqual({ items: {}, isConfirmed: false, version: 0 });
  });

  test('that are refused, or fail, append nothing', async () => {
    const engine = await open(storeFor(durability));
    await handleCommand(engine, Cart, 'c', 'add', { product: 'hat', quantity: 1 });
    await handleCommand(engine, Cart, 'c', 'confirm', undefined);
    await expect(
      handleCommand(engine, Cart, 'c', 'add', { product: 'hat', quantity: 1 }),
    ).rejects.toMatchObject({
      code: 'MILLRACE_COMMAND_REFUSED',
      message: 'The cart is closed.',
      details: { rule: 'already_confirmed', aggregate: 'cart', aggregateId: 'c' },
    });
    await expect(
      handleCommand(engine, Cart, 'c', 'remove', { product: 'hat', quantity: 2 }),
    ).rejects.toMatchObject({
      message: 'not_enough',
      details: { rule: 'not_enough', has: 1 },
    });
    await expect(
      handleCommand(engine, Cart, 'c', 'remove', { product: 'hat', quantity: -1 }),
    ).rejects.toMatchObject({
      code: 'MILLRACE_SCHEMA_MISMATCH',
      details: { command: 'remove', path: 'quantity' },
    });
    await expect(handleCommand(engine, Cart, 'c', 'breaks', undefined as never)).rejects.toThrow(RangeError);
    await expect(handleCommand(engine, Cart, 'c', 'remov' as 'look', undefined)).rejects.toMatchObject({
      code: 'MILLRACE_UNKNOWN_COMMAND',
      message: expect.stringContaining("'remove'"),
    });
    await expect(handleCommand(engine, Cart, 'c', 'toString' as 'look', undefined)).rejects.toMatchObject({
      code: 'MILLRACE_UNKNOWN_COMMAND',
    });
    expect(await collect(engine)).toHaveLength(2);
  });

  test('of one aggregate that race all see each other', async () => {
    const engine = await open(storeFor(durability));
    const racing = oneTo(200).map((number) =>
      handleCommand(engine, Cart, `c${number % 5}`, 'add', { product: 'sock', quantity: 1 }),
    );
    // Others write as well, past the commands.
    const others = oneTo(20).map((number) =>
      engine.publish(ItemAdded({ cart: `c${number % 5}`, product: 'sock', quantity: 1 })),
    );
    const replies = (await Promise.all(racing)).map(({ reply }) => reply);
    await Promise.all(others);
    expect(new Set(replies.filter((_, index) => index % 5 === 0)).size).toBe(40);
    for (const cart of oneTo(5)) {
      expect((await look(engine, `c${cart % 5}`)).reply).toMatchObject({ items: { sock: 44 }, version: 44 });
    }
  });

  test('with a name are done once, and reply as the first time', async () => {
    const engine = await open(storeFor(durability));
    const add = (commandId: string) =>
      handleCommand(engine, Cart, 'c', 'add', { product: 'cap', quantity: 1 }, { commandId });
    const first = await add('request 1');
    await add('request 2');
    expect(await add('request 1')).toEqual({ ...first, isRepeated: true });
    const [one, again] = await Promise.all([add('request 3'), add('request 3')]);
    expect([one?.isRepeated, again?.isRepeated]).toEqual([false, true]);
    expect(again?.reply).toBe(3);
    expect((await look(engine, 'c')).reply).toMatchObject({ items: { cap: 3 } });
  });
});

test('decide again when another publisher was first, and give up when that is not wanted', async () => {
  const engine = await open();
  let decided = 0;
  const Racing = defineAggregate('racing', {
    events: EVENTS,
    initial: () => 0,
    evolve: (count) => count + 1,
    commands: {
      add: async (count, losses: number, ctx) => {
        // Somebody else is first, while this one is deciding.
        if (decided++ < losses) await engine.publish(ItemAdded({ cart: 'r', product: 'x', quantity: 1 }));
        ctx.emit(ItemAdded({ cart: 'r', product: 'x', quantity: 1 }));
        return count;
      },
    },
  });
  expect(await handleCommand(engine, Racing, 'r', 'add', 3)).toMatchObject({ reply: 3, version: 4 });
  decided = 0;
  await expect(handleCommand(engine, Racing, 'r', 'add', 3, { retryOnConflict: 2 })).rejects.toMatchObject({
    code: 'MILLRACE_CONCURRENCY',
  });
  expect(decided).toBe(3);
});

test('a command that is asked again after a restart is done once', async () => {
  const store = tempStore();
  const before = await openForTests({ events: EVENTS, store, durability: 'os' });
  const add = (engine: Engine) =>
    handleCommand(engine, Cart, 'c', 'add', { product: 'cap', quantity: 4 }, { commandId: 'request' });
  const first = await add(before);
  await before.close();
  const engine = await open({ store, durability: 'os' });
  expect(await add(engine)).toEqual({ ...first, isRepeated: true });
  expect(await collect(engine)).toHaveLength(1);
});

describe('what cannot be', () => {
  const options = { events: EVENTS, initial: () => 0, evolve: (state: number) => state, commands: {} };
  test.each<[string, unknown, string]>([
    ['no events', { ...options, events: [] }, 'events must be a list'],
    ['events that are none', { ...options, events: [ItemAdded, 'x'] }, 'events must be a list'],
    ['no initial', { ...options, initial: undefined }, 'initial must be a function'],
    ['no evolve', { ...options, evolve: 5 }, 'evolve must be a function'],
    ['no commands', { ...options, commands: null }, 'commands must be an object'],
    [
      'a command that is no function',
      { ...options, commands: { add: 5 } },
      'its command "add" must be a function',
    ],
    ['an unknown option', { ...options, state: 1 }, "no option 'state'"],
  ])('%s is refused when it is defined', (_name, given, words) => {
    expect(() => defineAggregate('a', given as never)).toThrow(
      expect.objectContaining({
        code: 'MILLRACE_INVALID_DEFINITION',
        message: expect.stringContaining(words),
      }),
    );
  });

  test.each<[string, object]>([
    ['retryOnConflict', { retryOnConflict: 101 }],
    ['retryOnConflict', { retryOnConflict: 0.5 }],
    ['commandId', { commandId: '' }],
    ['commandId', { commandId: 'x'.repeat(201) }],
    ['until', { until: 'stored' }],
    ['commandID', { commandID: 'a' }],
  ])('%s %o is refused when it is asked', async (name, given) => {
    const engine = await open();
    const asked = handleCommand(engine, Cart, 'c', 'add', { product: 'p', quantity: 1 }, given);
    await expect(asked).rejects.toMatchObject({
      code: 'MILLRACE_INVALID_OPTION',
      message: expect.stringContaining(name),
    });
    expect(await collect(engine)).toEqual([]);
  });
});
