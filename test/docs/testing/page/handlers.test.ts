import { like, specify } from 'millrace/testing';
import { expect, test } from 'vitest';
import { events, OrderFlagged, OrderPlaced, risk } from './orders.js';

const spec = specify(risk, { events, now: 5000 });
const order = (amount: number) => OrderPlaced({ order_id: 'o1', customer: 'ada', amount });

test('a large order is flagged', async () => {
  await spec
    .given(order(10))
    .when(order(2500))
    .thenEmits(OrderFlagged({ order_id: 'o1', reason: 'amount 2500', flagged_at: 5000 }));
  await spec.when(order(2500)).thenEmits(like(OrderFlagged, { order_id: 'o1' }));
  await spec.when(order(10)).thenEmitsNothing();
});

test('a negative amount is an error, after one retry', async () => {
  const { attempts } = await spec.when(order(-1)).thenThrows(RangeError);
  expect(attempts).toBe(2);
});
