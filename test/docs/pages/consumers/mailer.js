import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from 'millrace';
import { defineEvent } from 'millrace/define';
import { z } from 'zod';

const OrderPlaced = defineEvent('shop.order_placed', {
  schema: z.object({ order: z.string(), customer: z.string() }),
  aggregateId: ({ order }) => order,
  partitionKey: ({ customer }) => customer,
});
const options = {
  events: [OrderPlaced],
  store: join(mkdtempSync(join(tmpdir(), 'mailer-')), 'events.db'),
  threads: 0,
};

const days = [
  [
    { order: 'o1', customer: 'ann' },
    { order: 'o2', customer: 'bob' },
  ],
  [{ order: 'o3', customer: 'ann' }],
];
for (const orders of days) {
  await using engine = await openEngine(options);
  const mailer = await engine.consumers.start({
    name: 'mailer',
    from: 'start',
    types: [OrderPlaced],
    handle: ({ position, key, data }) => console.log(`${position}: mail to ${key} about ${data.order}`),
  });
  for (const order of orders) await engine.publish(OrderPlaced(order));
  await mailer.whenCaughtUp();
  const { position, lag } = mailer.status();
  console.log(`done up to ${position}, ${lag} to go`);
}
