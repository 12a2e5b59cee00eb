import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEventSystem } from 'millrace/bus';
import { allTradingEvents, OrderPlaced } from 'millrace/trading';

/** @param {string} id @param {string} quantity */
const order = (id, quantity) =>
  OrderPlaced({
    order_id: id,
    strategy_id: 'rsi',
    symbol: 'KRW-BTC',
    order_type: 'market',
    side: 'buy',
    quantity,
  });

const folder = mkdtempSync(join(tmpdir(), 'orders-'));
const { bus, storage, start, stop } = await createEventSystem({
  store: join(folder, 'orders.db'),
  events: allTradingEvents,
  workers: 4,
  maxQueueSize: 1000,
});

bus.onNotice((notice) => console.log(`notice: ${notice.kind}`));
// The original's name is an alias.
bus.subscribe('order.placed', ({ type, aggregateId }) => console.log(`audit: ${type} of ${aggregateId}`), {
  priority: 10,
});
const id = bus.subscribe(
  OrderPlaced,
  async ({ data }, { attempt }) => {
    if (data.quantity === '0.5' && attempt === 1) throw new Error('the exchange is busy');
    if (data.quantity === '7') throw new Error('not enough money');
    console.log(`ledger: ${data.order_id}, try ${attempt}`);
  },
  { name: 'ledger', retries: 2, retryDelayMs: 1 },
);

await start();
await bus.publish(order('o1', '0.1'), { until: 'handled' });
await bus.publish(order('o2', '0.5'), { until: 'handled' });
await bus.publishBatch([order('o3', '7'), order('o3', '0.1')], { until: 'handled' });

const { published, processed, failed, retried, queueSize, workerCount } = bus.statistics();
console.log(JSON.stringify({ published, processed, failed, retried, queueSize, workerCount }));
for (const { handler, aggregateId, attempts, error } of await bus.failedEvents.list()) {
  console.log(`failed: ${handler} on ${aggregateId} after ${attempts} tries: ${error.message}`);
}
for await (const { version, type } of storage.byAggregate('o3')) console.log(`o3 ${version}: ${type}`);

bus.unsubscribe(id);
console.log(`cleared: ${await bus.failedEvents.clear()}`);
await stop();
rmSync(folder, { recursive: true });
