import { defineEvent, defineHandlers, defineState } from 'millrace';
import { createTestEngine, like, specify } from 'millrace/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { collect } from '../../support/collect.js';

const schema = z.object({ orderId: z.string(), what: z.string().default('unpaid') });
const aggregateId = ({ orderId }: { orderId: string }) => orderId;
const OrderPlaced = defineEvent('spec.placed', { schema, aggregateId });
const OrderPaid = defineEvent('spec.paid', { schema, aggregateId });
const OrderExpired = defineEvent('spec.expired', { schema, aggregateId });
const Seen = defineState({ name: 'seen', initial: () => 0 });

const orders = defineHandlers('orders', (on) => {
  on(OrderPlaced, { state: Seen, onFailure: 'skip' }, ({ data: { orderId, what } }, seen, ctx) => {
    ctx.schedule(OrderExpired({ orderId }), { in: '1h' });
    ctx.schedule(OrderExpired({ orderId, what: 'reminder' }), new Date(ctx.now() + 5), { name: 'remind' });
    if (what === 'bad') throw new Error('bad');
    return seen + 1;
  });
  on(OrderPaid, (_event, ctx) => {
    ctx.cancel(OrderExpired);
    ctx.cancel('remind');
  });
});

const spec = specify(orders, { events: [OrderPlaced, OrderPaid, OrderExpired], now: 1000 });
const placed = OrderPlaced({ orderId: 'o' });
const expires = { event: OrderExpired({ orderId: 'o' }), at: { in: '1h' } } as const;
const reminds = { event: like(OrderExpired, { what: 'reminder' }), at: 1005, name: 'remind' };

test('thenSchedules passes for exactly the timers that handlers schedule, in order', async () => {
  const outcome = await spec.when(placed).thenSchedules(expires, reminds);
  expect(outcome.scheduled.map(({ name, at }) => [name, at])).toEqual([
    ['spec.expired', 3_601_000],
    ['remind', 1005],
  ]);
  expect(outcome.cancelled).toEqual([]);
  await spec.when(placed).thenEmitsNothing();
});

test.each([
  ['one too few', [expires], /timer 2 was not expected: 'remind' at 1005/],
  ['one too many', [expires, reminds, expires], /timer 3 was not scheduled: spec.expired/],
  ['another time', [{ ...expires, at: { in: '2h' } as const }, reminds], /at: expected 7201000, got 3601000/],
  ['another name', [expires, { ...reminds, name: 'other' }], /name: expected 'other', got 'remind'/],
  [
    'another event',
    [{ ...expires, event: OrderPaid }, reminds],
    /type: expected spec.paid, got spec.expired/,
  ],
])('thenSchedules says what differs: %s', async (_what, expected, message) => {
  await expect(spec.when(placed).thenSchedules(...expected)).rejects.toThrow(message);
});

test('an outcome has the names that were cancelled, and nothing of an event that failed', async () => {
  const paid = await spec
    .given(placed)
    .when(OrderPaid({ orderId: 'o' }))
    .thenSchedules();
  expect(paid.cancelled).toEqual(['spec.expired', 'remind']);
  const bad = OrderPlaced({ orderId: 'o', what: 'bad' });
  expect((await spec.when(bad).outcome()).scheduled).toEqual([]);
  await expect(spec.when(bad).thenSchedules(expires, reminds)).rejects.toThrow(/its handlers threw/);
});

test('an event type cancels the timer that bears its name', async () => {
  await using engine = await createTestEngine({
    events: [OrderPlaced, OrderPaid, OrderExpired],
    handlers: [orders],
  });
  await engine.publishMany([placed, OrderPaid({ orderId: 'o' }), OrderPlaced({ orderId: 'late' })]);
  await engine.drain();
  engine.clock.advance(3_600_000);
  await engine.drain();
  const expired = await collect(engine, { types: [OrderExpired] });
  expect(expired.map(({ data }) => data)).toEqual([
    { orderId: 'late', what: 'reminder' },
    { orderId: 'late', what: 'unpaid' },
  ]);
});
