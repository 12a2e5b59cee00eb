import { defineEvent, defineHandlers } from 'millrace/define';
import { specify } from 'millrace/testing';
import { z } from 'zod';

const Withdrawn = defineEvent('bank.withdrawn', {
  schema: z.object({ account: z.string(), amount: z.number() }),
  aggregateId: ({ account }) => account,
});
const Questioned = defineEvent('bank.questioned', {
  schema: z.object({ account: z.string(), before: z.array(z.string()) }),
  aggregateId: ({ account }) => `questions-${account}`,
  partitionKey: ({ account }) => account,
});

const audit = defineHandlers('audit', (on) => {
  on(Withdrawn, async ({ data: { account, amount } }, ctx) => {
    if (amount < 1000) return;
    const before = [];
    for await (const { id } of ctx.history(account)) before.push(id);
    ctx.emit(Questioned({ account, before }));
  });
});

const account = 'a1';
const { emitted } = await specify(audit, { events: [Withdrawn, Questioned] })
  .given(Withdrawn({ account, amount: 20 }), Withdrawn({ account, amount: 50 }))
  .when(Withdrawn({ account, amount: 1500 }))
  .outcome();
console.log(emitted[0]?.data);
