import { defineEvent } from 'millrace/define';
import { createPublisher } from 'millrace/publisher';
import { z } from 'zod';

const OrderPlaced = defineEvent('trading.order_placed', {
  schema: z.object({ order: z.string() }),
  aggregateId: ({ order }) => order,
});

const publisher = createPublisher({
  events: [OrderPlaced],
  onError: (error, event, { attempts }) => {
    console.log(`given up at ${event.position} after ${attempts} tries: ${error}`);
  },
});

let calls = 0;
publisher.subscribe(
  OrderPlaced,
  async () => {
    calls++;
    if (calls < 3) throw new Error('the exchange is busy');
  },
  { retries: 2, retryDelayMs: 1 },
);
await publisher.publishAsync(OrderPlaced({ order: 'o1' }));
console.log(`heard after ${calls} tries`);

publisher.subscribe(OrderPlaced, () => {
  throw new Error('no such order');
});
publisher.publish(OrderPlaced({ order: 'o2' }));
await publisher.settled();
console.log(`failures kept: ${publisher.subscriberFailures.length}, errors: ${publisher.errors}`);

publisher.clear();
