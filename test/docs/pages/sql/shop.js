import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from 'millrace';
import { defineEvent } from 'millrace/define';
import { openStoreReader } from 'millrace/store';
import { z } from 'zod';

const [store = join(mkdtempSync(join(tmpdir(), 'shop-')), 'shop.db')] = process.argv.slice(2);
const order = z.object({ order: z.string(), customer: z.string(), amount: z.number() });
const OrderPlaced = defineEvent('shop.order_placed', { schema: order, aggregateId: (data) => data.order });
const OrderPaid = defineEvent('shop.order_paid', { schema: order, aggregateId: (data) => data.order });

await using engine = await openEngine({ store, events: [OrderPlaced, OrderPaid], threads: 0 });
const orders = [
  { order: 'o1', customer: 'ann', amount: 30 },
  { order: 'o2', customer: 'bob', amount: 12.5 },
  { order: 'o3', customer: 'ann', amount: 90 },
];
for (const data of orders) {
  await engine.publish(OrderPlaced(data, { occurredAt: new Date('2026-03-01T09:00:00Z') }));
}
const paid = { order: 'o2', customer: 'bob', amount: 12.5 };
await engine.publish(OrderPaid(paid, { occurredAt: new Date('2026-03-02T09:00:00Z') }));

using reader = openStoreReader(store);
const statement = `
  SELECT data ->> '$.customer' AS customer, count(*) AS orders, sum(data ->> '$.amount') AS amount
  FROM events_of_type('shop.order_placed')
  WHERE timestamp >= ?
  GROUP BY customer ORDER BY amount DESC`;
for (const row of reader.sql(statement, ['2026-01-01'])) console.log(JSON.stringify(row));
