import {
  type DataOf,
  type DomainEvent,
  defineEvent,
  defineHandlers,
  type Engine,
  type EventOf,
  type NewEvent,
  openEngine,
  type Receipt,
} from 'millrace';
import {
  createPublisher,
  filtered,
  mapped,
  type PublishedEvent,
  type Publisher,
  pipe,
} from 'millrace/publisher';
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

/** An engine knows its event types. Never called, as above. */
async function mustNotRead(): Promise<unknown> {
  const engine = await openEngine({ events: [Placed, Shipped] });
  return [
    // @ts-expect-error a misspelt type
    engine.read({ types: ['order.plaecd'] }),
    // @ts-expect-error a type that the engine was not opened with
    engine.follow({ types: [Created] }),
    // @ts-expect-error a subscriber of such a type
    engine.subscribe(Created, () => {}),
    // @ts-expect-error a direction in other words
    engine.read({ direction: 'down' }),
    // @ts-expect-error an expectation in other words
    engine.append('a', [], { expectedVersion: 'new' }),
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

const Shipped = defineEvent('order.shipped', {
  schema: z.object({ order: z.string(), by: z.string() }),
  aggregateId,
});
const Created = defineEvent('user.created', {
  schema: z.object({ user: z.string() }),
  aggregateId: ({ user }) => user,
});

class Desk {
  total = 0;
  add({ data }: PublishedEvent<{ amount: number }>): void {
    this.total += data.amount;
  }
}

function mustNotSubscribe(engine: Engine): unknown[] {
  const publisher = createPublisher({ events: [Placed, Shipped] });
  const owner = new Desk();
  const toAmount = ({ data }: PublishedEvent<PlacedData>) => data.amount;
  const toText = (text: string) => text;
  return [
    // @ts-expect-error an event type that the publisher does not have
    publisher.subscribe(Created, () => {}),
    // @ts-expect-error an event of such a type
    publisher.publish(Created({ user: 'a' })),
    // @ts-expect-error data instead of an event
    publisher.publish({ order: 'a' }),
    // @ts-expect-error a name instead of an event type
    publisher.subscribe('order.placed', () => {}),
    // @ts-expect-error a name instead of an event type
    engine.subscribe('order.placed', () => {}),
    // @ts-expect-error a subscriber of another type's events
    publisher.subscribe(Placed, (_event: PublishedEvent<{ order: string; by: string }>) => {}),
    // @ts-expect-error a subscriber of the log's events
    publisher.subscribe(Placed, (_event: DomainEvent<PlacedData>) => {}),
    // @ts-expect-error an unknown option
    engine.subscribe(Placed, () => {}, { retry: 3 }),
    // @ts-expect-error a filter that is always true, because it returns a promise
    engine.subscribe(Placed, () => {}, { filter: async () => false }),
    // @ts-expect-error a handler that takes something else than the transform makes
    engine.subscribe(Placed, (_text: string) => {}, { transform: ({ data }) => data.amount }),
    // @ts-expect-error a handler that needs an owner, without one
    publisher.subscribe(Placed, (_event, desk: Desk) => desk.total),
    // @ts-expect-error a handler that needs another owner
    publisher.subscribe(Placed, (_event, desk: Desk) => desk.total, { owner: 'by name' }),
    // @ts-expect-error a method whose `this` would be missing
    publisher.subscribe(Placed, function (this: Desk) {
      this.total++;
    }),
    // @ts-expect-error a field that no type has whose name matches
    publisher.subscribePattern('*.shipped', ({ data }) => data.amount),
    // @ts-expect-error a pattern that matches no type
    publisher.subscribePattern('*.shiped', ({ data }) => data.by),
    // @ts-expect-error a predicate that is none
    publisher.subscribe(Placed, filtered(toAmount, owner.add)),
    publisher.subscribe(
      Placed,
      pipe(
        // @ts-expect-error a field that is not there, in a step
        mapped(({ data }) => data.price),
        toText,
      ),
    ),
    // @ts-expect-error steps that do not fit
    publisher.subscribe(Placed, pipe(mapped(toAmount), toText)),
  ];
}

describe('types', () => {
  test('what must not compile is checked by the compiler and never run', () => {
    for (const code of [mustNotCompile, mustNotRead, mustNotDefine, mustNotHandle, mustNotSubscribe])
      expect(code).toBeTypeOf('function');
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

  test('an engine’s events narrow on their type, wherever it hands them out', () => {
    const never = async () => {
      const engine = await openEngine({ events: [Placed, Shipped] });
      const wider: Engine = engine;
      const events = [Placed, Shipped] as const;
      const look = (event: EventOf<typeof events>) => {
        if (event.type === 'order.shipped') expectTypeOf(event.data.by).toBeString();
        else expectTypeOf(event.data).toEqualTypeOf<PlacedData>();
      };
      for await (const event of engine.read()) look(event);
      for await (const event of engine.follow()) look(event);
      engine.subscribeAll(look);
      const last = await engine.last('a');
      if (last) look(last);
      for await (const event of engine.read({ types: [Placed] })) {
        expectTypeOf(event).toEqualTypeOf<EventOf<typeof Placed>>();
      }
      for await (const event of engine.follow({ types: [Shipped] })) {
        expectTypeOf(event).toEqualTypeOf<DomainEvent<{ order: string; by: string }, 'order.shipped'>>();
      }
      engine.read({ types: ['order.placed'] });
      for await (const event of wider.read({ types: ['any.name'] })) {
        expectTypeOf(event).toEqualTypeOf<DomainEvent>();
      }
    };
    expect(never).toBeTypeOf('function');
  });

  test('subscribers see what a publisher’s types, patterns, owners and transforms give', () => {
    const never = (engine: Engine) => {
      const publisher = createPublisher({ events: [Placed, Shipped] });
      const wider: Publisher = publisher;
      const owner = new Desk();
      expectTypeOf(publisher.publish(Placed({ order: 'a', amount: 1 })).data).toEqualTypeOf<PlacedData>();
      expectTypeOf(wider.publish(Created({ user: 'a' })).data).toBeUnknown();
      publisher.subscribe(Placed, (event, none) => {
        expectTypeOf(event).toEqualTypeOf<PublishedEvent<PlacedData, 'order.placed'>>();
        expectTypeOf(none).toBeUndefined();
      });
      publisher.subscribeAll((event) => {
        if (event.type === 'order.shipped') expectTypeOf(event.data.by).toBeString();
        else expectTypeOf(event.data).toEqualTypeOf<PlacedData>();
      });
      publisher.subscribePattern('*.shipped', ({ type }) =>
        expectTypeOf(type).toEqualTypeOf<'order.shipped'>(),
      );
      engine.subscribePattern('*.shipped', (event) => expectTypeOf(event).toEqualTypeOf<DomainEvent>());
      publisher.subscribe(Placed, owner.add, { owner, weak: true });
      publisher.subscribe(Placed, (_event, desk) => expectTypeOf(desk).toEqualTypeOf<Desk>(), { owner });
      publisher.subscribe(Placed, (amount: number) => amount, { transform: ({ data }) => data.amount });
      const text = (order: string) => order;
      const toOrder = mapped(({ data }: PublishedEvent<PlacedData>) => data.order);
      publisher.subscribe(
        Placed,
        pipe(
          filtered(({ data }) => data.amount > 1),
          toOrder,
          text,
        ),
      );
      engine.subscribe(
        Placed,
        pipe(
          mapped(({ data }) => data.order),
          text,
        ),
      );
      defineHandlers('risk', (on) => {
        on(
          Placed,
          filtered(
            ({ data }) => data.amount > 1,
            ({ data }, ctx) => ctx.emit(Placed(data)),
          ),
        );
      });
    };
    expect(never).toBeTypeOf('function');
  });
});
