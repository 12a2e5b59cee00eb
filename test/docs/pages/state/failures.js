import { defineEvent, defineHandlers, defineState } from 'millrace/define';
import { specify } from 'millrace/testing';
import { z } from 'zod';

const Deposited = defineEvent('bank.deposited', {
  schema: z.object({ account: z.string(), amount: z.number() }),
  aggregateId: ({ account }) => account,
});
const Told = defineEvent('bank.told', {
  schema: z.object({ account: z.string(), balance: z.number() }),
  aggregateId: ({ account }) => account,
});

const Balance = defineState({ name: 'balance', initial: () => 0, schema: z.number().max(1000) });

const bank = defineHandlers('bank', (on) => {
  on(Deposited, { state: Balance, onFailure: 'skip' }, ({ data: { account, amount } }, balance, ctx) => {
    ctx.emit(Told({ account, balance: balance + amount }));
    return balance + amount;
  });
});

const account = 'a1';
const given = specify(bank, { events: [Deposited, Told] }).given(Deposited({ account, amount: 950 }));
await given.when(Deposited({ account, amount: 50 })).thenEmits(Told({ account, balance: 1000 }));
const { thrown } = await given.when(Deposited({ account, amount: 51 })).thenThrows('MILLRACE_INVALID_STATE');
console.log(String(thrown));
