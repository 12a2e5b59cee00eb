import { defineEvent, openEngine } from 'millrace';
import { z } from 'zod';

const schema = z.object({ account: z.string(), amount: z.number().positive() });
const Deposited = defineEvent('bank.deposited', { schema, aggregateId: ({ account }) => account });
const Withdrawn = defineEvent('bank.withdrawn', { schema, aggregateId: ({ account }) => account });

await using engine = await openEngine({ events: [Deposited, Withdrawn], threads: 0 });

/**
 * Takes money out of an account that has it, once for each request.
 * @param {string} id
 * @param {number} amount
 * @param {string} request
 */
async function withdraw(id, amount, request) {
  let balance = 0;
  let version = 0;
  for await (const event of engine.read({ aggregateId: id })) {
    balance += event.type === 'bank.deposited' ? event.data.amount : -event.data.amount;
    version = event.version;
    if (event.metadata.eventId === request) return `${request} was done before, at version ${version}`;
  }
  if (balance < amount) return `${request} is refused: ${balance} is not enough`;
  const event = Withdrawn({ account: id, amount }, { eventId: request });
  const receipt = await engine.append(id, [event], { expectedVersion: version });
  return `${request} has version ${receipt.version}`;
}

await engine.append('ann', [Deposited({ account: 'ann', amount: 100 })], { expectedVersion: 'none' });
console.log(await withdraw('ann', 70, 'request 1'));
console.log(await withdraw('ann', 70, 'request 1'));
console.log(await withdraw('ann', 70, 'request 2'));

// Somebody else was first.
await engine
  .append('ann', [Deposited({ account: 'ann', amount: 5 })], { expectedVersion: 1 })
  .catch((error) => {
    console.log(error.code, error.details);
  });

for await (const event of engine.read({ direction: 'backwards', limit: 2 })) {
  console.log(event.position, event.type, event.data.amount);
}
