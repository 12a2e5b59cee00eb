import {
  type DataOf,
  type DomainEvent,
  defineEvent,
  defineHandlers,
  type Engine,
  type NewEvent,
  openEngine,
  type Receipt,
} from 'millrace';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';

const Placed = defineEvent('order.placed', {
  schema: z.object({
    order: z.string(),
    amount: z.number(),
    note: z.string().optional(),
    tags: z.array(z.string()).default([]),
  }),
  aggregateId: ({ order }) => order,
});

interface PlacedData {
  order: string;
  amount: number;
  note?: string | undefined;
  tags: string[];
}

/** Code that must not compile. Never called: `npm run typecheck` fails when one of these lines does compile. */
function mustNotCompile(engine: Engine): unknown[] {
  return [
    // @ts-expect-error a field of the wrong type
    Placed({ order: 'a', amount: '5' }),
    // @ts-expect-error a missing field
    Placed({ order: 'a' }),
    // @ts-expect-error an unknown field
    Placed({ order: 'a', amount: 5, prise: 1 }),
    // @ts-expect-error an unknown event option
    Placed({ order: 'a', amount: 5 }, { occuredAt: 1 }),
    // @ts-expect-error a time that is text
    Placed({ order: 'a', amount: 5 }, { occurredAt: '2024-01-01' }),
    // @ts-expect-error data instead of an event
    engine.publish({ order: 'a', amount: 5 }),
    // @ts-expect-error an unknown stage
    engine.publish(Placed({ order: 'a', amount: 5 }), { until: 'stored' }),
    // @ts-expect-error an event instead of events
    engine.publishMany(Placed({ order: 'a', amount: 5 })),
    // @ts-expect-error a field that the payload does not have
    engine.subscribe(Placed, ({ data }) => data.price),
    // @ts-expect-error a subscriber of other data
    engine.subscribe(Placed, (_event: DomainEvent<{ price: number }>) => {}),
    // @ts-expect-error a filter that looks at a field that is not there
    engine.subscribe(Placed, () => {}, { filter: ({ data }) => data.price > 1 }),
    // @ts-expect-error events are missing
    openEngine({ threads: 2 }),
    // @ts-expect-error an unknown option
    openEngine({ events: [Placed], thread: 2 }),
    // @ts-expect-error an unknown durability
    openEngine({ events: [Placed], durability: 'ssd' }),
    // @ts-expect-error a function as handler module
    openEngine({ events: [Placed], handlers: [() => {}] }),
  ];
}

const schema = z.object({ order: z.string(), amount: z.number() });
const aggregateId = ({ order }: { order: string }) => order;

function mustNotDefine(): unknown[] {
  return [
    // @ts-expect-error aggregateId is missing
    defineEvent('order.shipped', { schema }),
    // @ts-expect-error an aggregate id that is a number
    defineEvent('order.shipped', { schema, aggregateId: ({ amount }) => amount }),
    // @ts-expect-error a partition key from a field that is not there
    defineEvent('order.shipped', { schema, aggregateId, partitionKey: ({ shop }) => shop }),
    // @ts-expect-error a volatile field that is not there
    defineEvent('order.shipped', { schema, aggregateId, volatile: ['wall'] }),
    // @ts-expect-error an unknown option
    defineEvent('order.shipped', { schema, aggregateId, key: aggregateId }),
  ];
}

function mustNotHandle(): unknown {
  return defineHandlers('risk', (on) => {
    // @ts-expect-error a handler reads a field that is not there
    on(Placed, ({ data }) => void data.price);
    // @ts-expect-error a handler of other data
    on(Placed, (_event: DomainEvent<{ price: number }>) => {});
    // @ts-expect-error an unknown policy
    on(Placed, () => {}, { onFailure: 'ignore' });
    // @ts-expect-error emits data instead of an event
    on(Placed, ({ data }, ctx) => ctx.emit(data));
    // @ts-expect-error emits an event with the wrong data
    on(Placed, (_event, ctx) => ctx.emit(Placed({ order: 1, amount: 1 })));
    on(Placed, (event, ctx) => {
      // @ts-expect-error events are read-only
      event.version = 1;
      // @ts-expect-error so is what handlers share
      ctx.shared = {};
    });
  });
}

describe('types', () => {
  test('what must not compile is checked by the compiler and never run', () => {
    for (const code of [mustNotCompile, mustNotDefine, mustNotHandle]) expect(code).toBeTypeOf('function');
  });

  test('a factory takes what the schema takes, and keeps its name', () => {
    expectTypeOf(Placed.type).toEqualTypeOf<'order.placed'>();
    expectTypeOf<Parameters<typeof Placed>[0]>().toEqualTypeOf<z.input<typeof Placed.schema>>();
    expectTypeOf(Placed({ order: 'a', amount: 1 })).toExtend<NewEvent<'order.placed'>>();
    expectTypeOf<DataOf<typeof Placed>>().toEqualTypeOf<PlacedData>();
  });

  test('handlers and subscribers see what the schema gives', () => {
    const never = (engine: Engine) => {
      engine.subscribe(Placed, (event) => {
        expectTypeOf(event).toEqualTypeOf<DomainEvent<PlacedData, 'order.placed'>>();
      });
      engine.subscribeAll(({ data }) => expectTypeOf(data).toBeUnknown());
      expectTypeOf(engine.publish(Placed({ order: 'a', amount: 1 }))).resolves.toEqualTypeOf<Receipt>();
      expectTypeOf(engine.read()).toExtend<AsyncIterable<DomainEvent>>();
      defineHandlers('risk', (on) => {
        on(Placed, ({ data, type }) => {
          expectTypeOf(data).toEqualTypeOf<PlacedData>();
          expectTypeOf(type).toEqualTypeOf<'order.placed'>();
        });
      });
    };
    expect(never).toBeTypeOf('function');
  });
});
