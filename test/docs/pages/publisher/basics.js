import { defineEvent } from 'millrace/define';
import { createPublisher } from 'millrace/publisher';
import { z } from 'zod';

const OrderPlaced = defineEvent('trading.order_placed', {
  schema: z.object({ order: z.string(), quantity: z.number() }),
  aggregateId: ({ order }) => order,
});
const RiskRaised = defineEvent('trading.risk_raised', {
  schema: z.object({ order: z.string() }),
  aggregateId: ({ order }) => order,
});

const publisher = createPublisher({ events: [OrderPlaced, RiskRaised] });

publisher.subscribe(OrderPlaced, ({ data }) => {
  console.log(`ledger: ${data.order}, ${data.quantity}`);
  if (data.quantity > 10) publisher.publish(RiskRaised({ order: data.order }));
});
publisher.subscribe(OrderPlaced, ({ data }) => console.log(`audit: ${data.order}`), { priority: 10 });
publisher.subscribePattern('trading.*', ({ type }) => console.log(`log: ${type}`), { priority: -1 });
publisher.subscribe(OrderPlaced, (quantity) => console.log(`large: ${quantity}`), {
  filter: ({ data }) => data.quantity > 10,
  transform: ({ data }) => data.quantity,
  once: true,
});

publisher.publish(OrderPlaced({ order: 'o1', quantity: 5 }));
publisher.publish(OrderPlaced({ order: 'o2', quantity: 50 }));
publisher.publish(OrderPlaced({ order: 'o3', quantity: 60 }));
