import { describe, expect, test } from 'vitest';
import { Cart, Pokemon, SCENARIO_EVENTS } from '../../handlers/scenarios.mjs';
import { collect } from '../../support/collect.js';
import { handlers, openTestEngine, storeFor } from '../../support/open-test-engine.js';

describe.each([0, 2])('on lanes, %i threads', (threads) => {
  const open = () =>
    openTestEngine({
      events: SCENARIO_EVENTS,
      aggregates: [handlers('scenarios')],
      threads,
      ...storeFor('disk'),
    });

  test('Emmett’s shopping cart takes products, gives them back, and is confirmed once', async () => {
    const engine = await open();
    const hat = { product: 'hat', quantity: 2 };
    await engine.execute(Cart, 'c', 'add', hat);
    await engine.execute(Cart, 'c', 'remove', { ...hat, quantity: 1 });
    await expect(engine.execute(Cart, 'c', 'remove', hat)).rejects.toMatchObject({
      details: { rule: 'not_enough' },
    });
    const confirmed = await Promise.allSettled(
      [1, 2].map(() => engine.execute(Cart, 'c', 'confirm', undefined)),
    );
    expect(confirmed.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expect(engine.execute(Cart, 'c', 'add', hat)).rejects.toThrow('The cart is closed.');
    expect(await engine.query(Cart, 'c', (cart) => cart)).toEqual({ items: { hat: 1 }, isConfirmed: true });
    expect((await collect(engine, { aggregateId: 'c' })).map(({ type }) => type)).toEqual([
      'cart.item_added',
      'cart.item_removed',
      'cart.confirmed',
    ]);
  });

  test('Castore’s wild Pokémon is caught by one trainer alone, and levels up', async () => {
    const engine = await open();
    await engine.execute(Pokemon, 'pikachu-1', 'appear', { name: 'Pikachu', level: 42 });
    const trainers = ['ash', 'misty', 'brock'].map((by) =>
      engine.execute(Pokemon, 'pikachu-1', 'catch', { by }),
    );
    const [ash, ...others] = await Promise.allSettled(trainers);
    expect(ash?.status).toBe('fulfilled');
    for (const other of others) expect(other).toMatchObject({ reason: { message: 'ash has it.' } });
    const { reply, version } = await engine.execute(Pokemon, 'pikachu-1', 'levelUp', undefined);
    expect([reply, version]).toEqual([43, 3]);
    expect(await engine.query(Pokemon, 'pikachu-1', (pokemon) => pokemon)).toEqual({
      name: 'Pikachu',
      level: 43,
      trainer: 'ash',
    });
  });
});
