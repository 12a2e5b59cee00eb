import { openEngine } from 'millrace';
import { traceTree } from 'millrace/observe';
import { OrderFlagged, OrderPlaced } from './risk.handlers.mjs';

const engine = await openEngine({
  events: [OrderPlaced, OrderFlagged],
  handlers: [new URL('./risk.handlers.mjs', import.meta.url)],
  threads: 1,
  health: { errorRate: 0.01 }, // the rest as by default
});
engine.onNotice((notice) => {
  if (notice.kind === 'health') console.log(`${notice.from} → ${notice.status}`);
});

await engine.publish(OrderPlaced({ order_id: 'a', amount: 2500 }, { correlationId: 'visit-7' }));
await engine.publish(OrderPlaced({ order_id: 'b', amount: -1 }));
await engine.drain();

const { events, queue } = engine.metrics.snapshot();
console.log(`accepted ${events.accepted}, handled ${events.handled}, parked keys ${queue.parkedKeys}`);
console.log(engine.health().reasons.join('\n'));
const trace = await engine.trace({ correlationId: 'visit-7' });
console.log(traceTree(trace.roots).replaceAll(/\+.*/g, '+…')); // the times differ
await engine.close();
