import type { DomainEvent } from 'millrace';
import { createEventBus, type EventBus, type EventStorage } from 'millrace/bus';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { Keyed } from './events.mjs';

/** Code that must not compile. Never called: `npm run typecheck` fails when one of these lines does compile. */
function mustNotCompile(bus: EventBus, storage: EventStorage): unknown[] {
  return [
    // @ts-expect-error a field of the wrong type
    bus.publish(Keyed({ id: 'a', account: 5 })),
    // @ts-expect-error data instead of an event
    storage.store({ id: 'a', account: 'b' }),
    // @ts-expect-error an unknown stage
    bus.publish(Keyed({ id: 'a', account: 'b' }), { until: 'stored' }),
    // @ts-expect-error a field that the payload does not have
    bus.subscribe(Keyed, ({ data }) => data.price),
    // @ts-expect-error a handler of other data
    bus.subscribe(Keyed, (_event: DomainEvent<{ price: number }>) => {}),
    // @ts-expect-error data that nobody knows the form of
    bus.subscribe('keyed.*', ({ data }) => data.id),
    // @ts-expect-error an option of publishers: who hears is awaited here
    bus.subscribe(Keyed, () => {}, { weak: true }),
    // @ts-expect-error a bus keeps order by itself, and has no deterministic mode
    createEventBus({ events: [Keyed], deterministic: true }),
    // @ts-expect-error the bus has its own limit for both sides
    createEventBus({ events: [Keyed], maxInFlight: 5 }),
  ];
}

describe('types of a bus', () => {
  test('what must not compile is checked by the compiler and never run', () => {
    expect(mustNotCompile).toBeTypeOf('function');
  });

  test('handlers see what the schema gives', () => {
    const bus = createEventBus({ events: [Keyed] });
    bus.subscribe(Keyed, (event, context) => {
      expectTypeOf(event.data).toEqualTypeOf<{ id: string; account: string }>();
      expectTypeOf(context.attempt).toBeNumber();
    });
    bus.subscribe('keyed.*', (event) => expectTypeOf(event.data).toBeUnknown());
    expect(bus.unsubscribe(bus.subscribe(Keyed, () => {}))).toBe(true);
  });
});
