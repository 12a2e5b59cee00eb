import { createTestEngine, like, waitFor, whenHandled, whenQuiescent } from 'millrace/testing';
import { expect, test } from 'vitest';
import { events, OrderFlagged, OrderPlaced, risk } from './orders.js';

const order = (order_id: string, amount: number) => OrderPlaced({ order_id, customer: 'ada', amount });

test('the spy has seen everything, in order', async () => {
  await using engine = await createTestEngine({ events, handlers: [risk] });
  await engine.publishMany([order('o1', 10), order('o2', 2500)]);
  await whenQuiescent(engine);

  engine.spy.assertPublished(OrderPlaced, 2);
  engine.spy.assertNotPublished(like(OrderFlagged, { order_id: 'o1' }));
  engine.spy.assertSequence([like(OrderPlaced, { order_id: 'o2' }), OrderFlagged]);
  engine.spy.assertExactly([order('o1', 10), order('o2', 2500), OrderFlagged]);
  expect(engine.spy.of(OrderFlagged)[0]?.data.reason).toBe('amount 2500');
});

test('wait for the thing, not for a time', async () => {
  await using engine = await createTestEngine({ events, handlers: [risk] });
  const flagged = waitFor(engine, OrderFlagged, { timeout: 1000 });
  const receipt = await engine.publish(order('o1', 2500));
  await whenHandled(engine, receipt);
  expect((await flagged).data.order_id).toBe('o1');
});

test('time is yours', async () => {
  await using engine = await createTestEngine({ events, handlers: [risk], retries: 'on-clock', now: 0 });
  const handled = engine.publish(order('o1', -1), { until: 'handled' });
  await engine.clock.whenWaiting(); // the first try has failed, and a retry waits for the clock
  expect(engine.clock.next).toBe(10_000);
  engine.clock.advance(10_000);
  await expect(handled).rejects.toThrow('amount -1 is below 0');
});
