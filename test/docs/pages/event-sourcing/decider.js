import { defineEvent, openEngine } from 'millrace';
import { command, defineAggregate } from 'millrace/aggregates';
import { z } from 'zod';

const schema = z.object({ account: z.string(), amount: z.number().positive() });
const Deposited = defineEvent('bank.deposited', { schema, aggregateId: ({ account }) => account });
const Withdrawn = defineEvent('bank.withdrawn', { schema, aggregateId: ({ account }) => account });
const amount = z.object({ amount: z.number().positive() });

const Account = defineAggregate('account', {
  events: [Deposited, Withdrawn],
  initial: () => ({ balance: 0 }),
  evolve: ({ balance }, { type, data }) => ({
    balance: type === 'bank.deposited' ? balance + data.amount : balance - data.amount,
  }),
  commands: {
    deposit: command(amount, (_state, { amount }, ctx) =>
      ctx.emit(Deposited({ account: ctx.aggregateId, amount })),
    ),
    withdraw: command(amount, (/** @type {{ balance: number }} */ { balance }, { amount }, ctx) => {
      if (balance < amount) ctx.refuse('insufficient_funds', `There are ${balance}.`);
      ctx.emit(Withdrawn({ account: ctx.aggregateId, amount }));
      return balance - amount;
    }),
  },
});

await using engine = await openEngine({ events: [Deposited, Withdrawn], aggregates: [Account], threads: 0 });
await engine.execute(Account, 'ann', 'deposit', { amount: 100 });
const withdraw = (/** @type {string} */ commandId) =>
  engine.execute(Account, 'ann', 'withdraw', { amount: 70 }, { commandId });
console.log(await withdraw('request 1'));
console.log(await withdraw('request 1'));
await withdraw('request 2').catch(({ code, message, details }) => console.log(code, message, details.rule));
console.log(await engine.query(Account, 'ann', ({ balance }) => balance));
