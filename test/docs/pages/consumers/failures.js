import { openEngine } from 'millrace';
import { defineEvent } from 'millrace/define';
import { z } from 'zod';

const Paid = defineEvent('bank.paid', {
  schema: z.object({ account: z.string(), amount: z.number() }),
  aggregateId: ({ account }) => account,
});
await using engine = await openEngine({ events: [Paid], threads: 0 });

let isDown = true;
const ledger = await engine.consumers.start({
  name: 'ledger',
  types: [Paid],
  retries: 2,
  retryDelayMs: 1,
  handle: ({ position, key, data }, { attempt }) => {
    if (key === 'a' && isDown) throw new Error(`no answer at try ${attempt}`);
    console.log(`${position}: ${key} ${data.amount}`);
  },
});
for (const amount of [1, 2, 3, 4]) await engine.publish(Paid({ account: amount % 2 ? 'a' : 'b', amount }));
await ledger.whenCaughtUp();
for (const { position, key, state, error } of ledger.failures()) {
  console.log(`${position}: ${key} is ${state}, ${error.message}`);
}
console.log(engine.health().reasons[0]);

isDown = false;
await ledger.retry(1);
await ledger.whenCaughtUp();
console.log(`lag ${ledger.status().lag}, ${engine.health().status}`);

await ledger.replay(3);
await ledger.whenCaughtUp();
