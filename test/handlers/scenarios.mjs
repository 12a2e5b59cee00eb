import { command, defineAggregate } from 'millrace/aggregates';
import { defineEvent } from 'millrace/define';
import { z } from '#zod';

// The scenario of Emmett's getting-started: a shopping cart that takes products, gives them back, and is confirmed once.
const items = z.object({ cart: z.string(), product: z.string(), quantity: z.number().int().positive() });
/** @param {{ readonly cart: string }} data */
const cartId = ({ cart }) => cart;
export const ItemAdded = defineEvent('cart.item_added', { schema: items, aggregateId: cartId });
export const ItemRemoved = defineEvent('cart.item_removed', { schema: items, aggregateId: cartId });
export const Confirmed = defineEvent('cart.confirmed', {
  schema: z.object({ cart: z.string() }),
  aggregateId: cartId,
});

/** @typedef {{ items: Record<string, number>, isConfirmed: boolean }} CartState */

const product = z.object({ product: z.string(), quantity: z.number().int().positive() });

export const Cart = defineAggregate('cart', {
  events: [ItemAdded, ItemRemoved, Confirmed],
  initial: () => /** @type {CartState} */ ({ items: {}, isConfirmed: false }),
  evolve: ({ items, isConfirmed }, { type, data }) => {
    if (type === 'cart.confirmed') return { items, isConfirmed: true };
    const change = type === 'cart.item_added' ? data.quantity : -data.quantity;
    return { items: { ...items, [data.product]: (items[data.product] ?? 0) + change }, isConfirmed };
  },
  commands: {
    add: command(product, (/** @type {CartState} */ { isConfirmed }, input, ctx) => {
      if (isConfirmed) ctx.refuse('already_confirmed', 'The cart is closed.');
      ctx.emit(ItemAdded({ cart: ctx.aggregateId, ...input }));
    }),
    remove: command(product, (/** @type {CartState} */ { items }, input, ctx) => {
      if ((items[input.product] ?? 0) < input.quantity) ctx.refuse('not_enough');
      ctx.emit(ItemRemoved({ cart: ctx.aggregateId, ...input }));
    }),
    confirm: ({ isConfirmed }, /** @type {undefined} */ _, ctx) => {
      if (isConfirmed) ctx.refuse('already_confirmed');
      ctx.emit(Confirmed({ cart: ctx.aggregateId }));
    },
  },
});

// The scenario of Castore's: a wild Pokémon appears, is caught by one trainer, and levels up.
/** @param {{ readonly pokemon: string }} data */
const pokemonId = ({ pokemon }) => pokemon;
export const Appeared = defineEvent('pokemon.appeared', {
  schema: z.object({ pokemon: z.string(), name: z.string(), level: z.number() }),
  aggregateId: pokemonId,
});
export const Caught = defineEvent('pokemon.caught', {
  schema: z.object({ pokemon: z.string(), by: z.string() }),
  aggregateId: pokemonId,
});
export const LeveledUp = defineEvent('pokemon.leveled_up', {
  schema: z.object({ pokemon: z.string() }),
  aggregateId: pokemonId,
});

/** @typedef {{ name: string, level: number, trainer: string | null }} PokemonState */

export const Pokemon = defineAggregate('pokemon', {
  events: [Appeared, Caught, LeveledUp],
  initial: () => /** @type {PokemonState} */ ({ name: '', level: 0, trainer: null }),
  evolve: (state, { type, data }) => {
    switch (type) {
      case 'pokemon.appeared':
        return { ...state, name: data.name, level: data.level };
      case 'pokemon.caught':
        return { ...state, trainer: data.by };
      default:
        return { ...state, level: state.level + 1 };
    }
  },
  commands: {
    appear: ({ name }, /** @type {{ name: string, level: number }} */ input, ctx) => {
      if (name !== '') ctx.refuse('is_there');
      ctx.emit(Appeared({ pokemon: ctx.aggregateId, ...input }));
    },
    catch: ({ trainer }, /** @type {{ by: string }} */ { by }, ctx) => {
      if (trainer !== null) ctx.refuse('is_caught', `${trainer} has it.`);
      ctx.emit(Caught({ pokemon: ctx.aggregateId, by }));
    },
    levelUp: ({ level }, /** @type {undefined} */ _, ctx) => {
      ctx.emit(LeveledUp({ pokemon: ctx.aggregateId }));
      return level + 1;
    },
  },
});

export const SCENARIO_EVENTS = [ItemAdded, ItemRemoved, Confirmed, Appeared, Caught, LeveledUp];
