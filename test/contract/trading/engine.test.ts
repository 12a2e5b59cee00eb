import {
  type AnyEventType,
  type DomainEvent,
  defineEvent,
  type Engine,
  type NewEvent,
  openEngine,
} from 'millrace';
import { SchemaMismatchError } from 'millrace/errors';
import { openStoreReader } from 'millrace/store';
import {
  allTradingEvents,
  BacktestStarted,
  OrderPlaced,
  TradingSignalGenerated,
  TriggerCreated,
  tradingEvents,
  tradingExamples,
} from 'millrace/trading';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { collect } from '../../support/collect.js';
import { tempStore } from '../../support/temp-folder.js';
import { CONTRACT } from '../../support/trading/contract.js';
import { exampleOf, fieldRead } from '../../support/trading/event-fields.js';

const memory = { events: allTradingEvents, threads: 0, durability: 'memory' } as const;

function examples(): NewEvent[] {
  return allTradingEvents.map((definition: AnyEventType) => ({
    type: definition.type,
    data: exampleOf(definition),
    options: { occurredAt: 1 },
  }));
}

describe('the 43 events in an engine', () => {
  test('each example is read as it was published', async () => {
    await using engine = await openEngine(memory);
    await engine.publishMany(examples());
    const events = await collect(engine);
    expect(events.map(({ type }) => type)).toEqual(CONTRACT.map(({ type }) => type));
    events.forEach((event, index) => {
      const definition = allTradingEvents[index] as AnyEventType;
      expect(event.data).toEqual(exampleOf(definition));
      expect(event.aggregateId).toBe(exampleOf(definition)[fieldRead(definition.aggregateId)]);
    });
  });

  test('no aggregate has two ordering keys: deterministic mode would refuse it', async () => {
    await using engine = await openEngine({ ...memory, deterministic: true, seed: 'story' });
    await engine.publishMany(examples());
    expect(engine.stats().lastPosition).toBe(43);
  });

  test('what is volatile is in no fingerprint', async () => {
    let changed = 0;
    const fingerprintWith = async (change: number) => {
      await using engine = await openEngine({ ...memory, deterministic: true, seed: 'story' });
      const events = examples().map((event, index) => {
        const data = { ...(event.data as Record<string, unknown>) };
        for (const field of allTradingEvents[index]?.volatile ?? []) {
          changed++;
          data[field] = typeof data[field] === 'number' ? data[field] + change : `${data[field]}${change}`;
        }
        return { ...event, data };
      });
      await engine.publishMany(events);
      return await engine.fingerprint();
    };
    expect(await fingerprintWith(1)).toBe(await fingerprintWith(2));
    expect(changed).toBe(2 * 7);
  });
});

describe('the mistakes of the original', () => {
  const publishStarted = async (data: unknown) => {
    await using engine = await openEngine(memory);
    await engine.publish({ type: BacktestStarted.type, data });
  };

  test('a backtest that starts with settings, which is not a field', async () => {
    const data = { ...tradingExamples['backtest.started'], settings: { commission: 0 } };
    await expect(publishStarted(data)).rejects.toThrow(SchemaMismatchError);
    await expect(publishStarted(data)).rejects.toThrow(/settings/);
  });

  test('a backtest that starts without a timeframe', async () => {
    const { timeframe: _, ...data } = tradingExamples['backtest.started'];
    await expect(publishStarted(data)).rejects.toThrow(SchemaMismatchError);
    await expect(publishStarted(data)).rejects.toThrow(/'timeframe'/);
  });

  test('a trigger that is created always gets an id and a time', async () => {
    await using engine = await openEngine(memory);
    const before = Date.now();
    await engine.publish(TriggerCreated(tradingExamples['trigger.created']));
    await engine.publish(TriggerCreated(tradingExamples['trigger.created'], { occurredAt: 5 }));
    const [first, second] = (await collect(engine)) as [DomainEvent, DomainEvent];
    expect(first.id).toMatch(/\/trigger-oversold\/1$/);
    expect(first.occurredAt).toBeGreaterThanOrEqual(before);
    expect(second.id).toMatch(/\/trigger-oversold\/2$/);
    expect(second.occurredAt).toBe(5);
  });
});

/** The events as a program would have defined them that kept the original's names. */
const oldEvents = CONTRACT.map(({ original, aggregate, key }) =>
  defineEvent(original, {
    schema: z.record(z.string(), z.unknown()),
    aggregateId: (data) => String(data[aggregate]),
    partitionKey: (data) => String(data[key]),
  }),
);

describe('the original names', () => {
  test('a log that is full of them is read, filtered and continued under the new ones', async () => {
    const store = tempStore();
    const old = await openEngine({ store, durability: 'os', threads: 0, events: oldEvents });
    await old.publishMany(
      examples().map((event, index) => ({ ...event, type: oldEvents[index]?.type ?? '' })),
    );
    await old.close();
    {
      using reader = openStoreReader(store);
      expect([...reader.read()].map(({ type }) => type)).toEqual(CONTRACT.map(({ original }) => original));
    }

    await using engine = await openEngine({ store, durability: 'os', threads: 0, events: allTradingEvents });
    const events = await collect(engine);
    expect(events.map(({ type }) => type)).toEqual(CONTRACT.map(({ type }) => type));
    expect(events.map(({ data }) => data)).toEqual(allTradingEvents.map((type) => exampleOf(type)));
    expect(await collect(engine, { types: ['order.placed'] })).toHaveLength(1);
    const { version } = await engine.publish(OrderPlaced(tradingExamples['trading.order_placed']));
    expect(version).toBe(4);
    expect(await collect(engine, { types: ['trading.order_placed'] })).toHaveLength(2);
  });

  test('each can be published, and is stored under the new name', async () => {
    await using engine = await openEngine(memory);
    await engine.publishMany(
      examples().map((event, index) => ({ ...event, type: CONTRACT[index]?.original ?? '' })),
    );
    const events = await collect(engine);
    expect(events.map(({ type }) => type)).toEqual(CONTRACT.map(({ type }) => type));
  });

  test('a subscriber of an old name gets the events of the new one', async () => {
    // The types of before are not among those that it was opened with.
    await using engine: Engine = await openEngine(memory);
    const seen: string[] = [];
    for (const type of oldEvents) engine.subscribe(type, (event) => seen.push(event.type));
    await engine.publishMany(examples());
    await engine.drain();
    expect(seen).toEqual(CONTRACT.map(({ type }) => type));
  });
});

test('the signals, orders, positions and trades of a strategy have one key, whatever their aggregates', async () => {
  const live = [TradingSignalGenerated, ...tradingEvents].map((definition: AnyEventType) => definition);
  const keys = live.map((definition) => {
    const read = definition.partitionKey ?? definition.aggregateId;
    return exampleOf(definition)[fieldRead(read)];
  });
  expect(new Set(keys)).toEqual(new Set(['strategy-rsi']));
});
