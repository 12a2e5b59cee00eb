import { command, defineAggregate } from 'millrace/aggregates';
import { defineEvent } from 'millrace/define';
import { z } from '#zod';

const schema = z.object({ account: z.string(), amount: z.number().positive() });
/** @param {{ readonly account: string }} data */
const account = ({ account }) => account;
export const Deposited = defineEvent('bank.deposited', { schema, aggregateId: account });
export const Withdrawn = defineEvent('bank.withdrawn', { schema, aggregateId: account });
/** Of no aggregate's state. */
export const Noted = defineEvent('bank.noted', {
  schema: z.object({ account: z.string() }),
  aggregateId: account,
});

const amount = z.object({ amount: z.number().positive() });

/** An account that never has less than nothing. */
export const Account = defineAggregate('account', {
  snapshotEvery: 20,
  events: [Deposited, Withdrawn],
  initial: () => ({ balance: 0, times: 0 }),
  evolve: ({ balance, times }, { type, data }) => ({
    balance: type === 'bank.deposited' ? balance + data.amount : balance - data.amount,
    times: times + 1,
  }),
  commands: {
    deposit: command(amount, ({ balance }, { amount }, ctx) => {
      ctx.emit(Deposited({ account: ctx.aggregateId, amount }));
      return balance + amount;
    }),
    withdraw: command(amount, (/** @type {{ balance: number }} */ { balance }, { amount }, ctx) => {
      if (balance < amount) ctx.refuse('insufficient_funds', `There are ${balance}.`, { balance });
      ctx.emit(Withdrawn({ account: ctx.aggregateId, amount }));
      return balance - amount;
    }),
    move: (
      /** @type {{ balance: number }} */ { balance },
      /** @type {{ amounts: number[] }} */ { amounts },
      ctx,
    ) => {
      for (const amount of amounts) ctx.emit(Deposited({ account: ctx.aggregateId, amount }));
      return balance;
    },
    look: (
      /** @type {{ balance: number, times: number }} */ state,
      /** @type {undefined} */ _input,
      ctx,
    ) => ({
      ...state,
      version: ctx.version,
    }),
  },
});

/** Deeper than a copy of it can be made on the main thread. */
function deep() {
  let state = {};
  for (let depth = 0; depth < 10_000; depth++) state = { state };
  return state;
}

/** What `keep` leaves behind for `emitLate`. */
let kept = () => {};

export const PERIL_EVENTS = [Deposited, Noted];

/** An aggregate that does all that an aggregate should not. */
export const Peril = defineAggregate('peril', {
  events: [Deposited],
  initial: () => /** @type {number[]} */ ([]),
  evolve: (amounts, { data, position }) => {
    if (data.amount === 666) return /** @type {never} */ (/** @type {unknown} */ (undefined));
    if (data.amount === 667) throw new RangeError('evolve is broken');
    if (data.amount === 668) return [...amounts, position];
    if (data.amount === 669) return /** @type {never} */ (/** @type {unknown} */ ([() => {}]));
    if (data.amount === 670) return /** @type {never} */ (/** @type {unknown} */ (deep()));
    if (data.amount === 671) process.exit(7);
    while (data.amount === 672);
    // Of which the thread dies when nothing of it is on the stack any more.
    if (data.amount === 673) Promise.reject(new Error('left behind by evolve'));
    return [...amounts, data.amount];
  },
  commands: {
    add: (amounts, /** @type {number} */ amount, ctx) => {
      ctx.emit(Deposited({ account: ctx.aggregateId, amount }));
      return amounts.length;
    },
    all: (amounts, /** @type {undefined} */ _) => amounts,
    slow: async (amounts, /** @type {{ amount: number, ms: number }} */ { amount, ms }, ctx) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      ctx.emit(Deposited({ account: ctx.aggregateId, amount }));
      return amounts.length;
    },
    throws: (_, /** @type {string} */ message, ctx) => {
      ctx.emit(Deposited({ account: ctx.aggregateId, amount: 1 }));
      throw new RangeError(message, { cause: new Error('deep') });
    },
    rejects: async (_, /** @type {string} */ message) => {
      await Promise.resolve();
      throw Object.assign(new Error(message), { code: 'E_OWN' });
    },
    wrongData: (_, /** @type {undefined} */ __, ctx) =>
      ctx.emit(Deposited({ account: ctx.aggregateId, amount: -1 })),
    wrongAggregate: (_, /** @type {undefined} */ __, ctx) =>
      ctx.emit(Deposited({ account: 'other', amount: 1 })),
    foreignType: (_, /** @type {undefined} */ __, ctx) =>
      ctx.emit(/** @type {never} */ (Noted({ account: ctx.aggregateId }))),
    noEvent: (_, /** @type {undefined} */ __, ctx) =>
      ctx.emit(/** @type {never} */ ({ type: 'x', data: {} })),
    badReply: (_, /** @type {undefined} */ __, ctx) => {
      ctx.emit(Deposited({ account: ctx.aggregateId, amount: 1 }));
      return () => 'a function';
    },
    keep: (_, /** @type {undefined} */ __, ctx) => {
      kept = () => ctx.emit(Deposited({ account: ctx.aggregateId, amount: 1 }));
    },
    emitLate: (_, /** @type {undefined} */ __) => kept(),
    exit: (_, /** @type {undefined} */ __) => process.exit(3),
    exitLater: async (_, /** @type {undefined} */ __) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      process.exit(3);
    },
    spin: (_, /** @type {undefined} */ __) => {
      while (Date.now() > 0);
    },
    hang: (_, /** @type {undefined} */ __) => new Promise(() => {}),
  },
});
