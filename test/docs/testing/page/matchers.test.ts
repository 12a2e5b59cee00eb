import { createTestEngine, like } from 'millrace/testing';
import { millraceMatchers } from 'millrace/testing/vitest';
import { expect, test } from 'vitest';
import { events, OrderFlagged, OrderPlaced, risk } from './orders.js';

expect.extend(millraceMatchers); // once, in a setup file

test('as expectations', async () => {
  await using engine = await createTestEngine({ events, handlers: [risk] });
  const bad = await engine.publish(OrderPlaced({ order_id: 'o1', customer: 'ada', amount: -1 }));
  const good = await engine.publish(OrderPlaced({ order_id: 'o2', customer: 'bob', amount: 2500 }));

  await expect(engine).toHaveHandled(good);
  await expect(engine).toHaveDeadLetter(bad);
  await expect(engine).toHavePublished(like(OrderFlagged, { order_id: 'o2' }), 1);
  await expect(engine).toHavePublishedInOrder([OrderPlaced, OrderFlagged]);
  expect(engine.spy).toHavePublishedExactly([OrderPlaced, OrderPlaced, OrderFlagged]);
});
