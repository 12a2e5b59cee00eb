import type { AnyEventType } from 'millrace';
import { allTradingEvents, OrderCancelled, OrderExecuted, OrderFailed, OrderPlaced } from 'millrace/trading';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { exampleOf, fieldsOf, isOptional, valuesOf } from '../../support/trading/event-fields.js';

const cases = allTradingEvents.map((definition: AnyEventType) => ({ definition, type: definition.type }));

/** A limit order's price may be left out of a market order only, so the example cannot go without. */
const NEEDED = new Set(['trading.order_placed price']);

function issuesOf(definition: AnyEventType, data: unknown): readonly { path: string; message: string }[] {
  const result = definition.schema.safeParse(data);
  if (result.success) return [];
  return result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
}

function problem(definition: AnyEventType, change: Readonly<Record<string, unknown>>) {
  return issuesOf(definition, { ...exampleOf(definition), ...change });
}

describe.each(cases)('$type', ({ definition, type }) => {
  const fields = Object.entries(fieldsOf(definition));

  test('its example is valid, and comes out as it went in', () => {
    expect(definition.schema.parse(exampleOf(definition))).toEqual(exampleOf(definition));
  });

  test('each required field is required, each optional one is not', () => {
    for (const [name, field] of fields) {
      const { [name]: _, ...rest } = exampleOf(definition);
      const needed = !isOptional(field) || NEEDED.has(`${type} ${name}`);
      expect(
        issuesOf(definition, rest).map(({ path }) => path),
        `without ${name}`,
      ).toEqual(needed ? [name] : []);
    }
  });

  test('an unknown field is refused by name', () => {
    expect(problem(definition, { unheard_of: 1 })).toEqual([
      { path: '', message: expect.stringContaining('unheard_of') },
    ]);
  });

  test('a value that is none of an enum is refused', () => {
    for (const [name, field] of fields) {
      const values = valuesOf(field);
      if (!values) continue;
      for (const wrong of ['mood', '', values[0]?.toUpperCase() === values[0] ? 'buy' : 'BUY', 1, null]) {
        expect(problem(definition, { [name]: wrong })[0]?.path, `${name} ${wrong}`).toBe(name);
      }
      for (const value of values) {
        expect(issuesOf(definition, exampleWith(definition, name, value)), `${name} ${value}`).toEqual([]);
      }
    }
  });

  test('its schema can be told to other programs as JSON Schema', () => {
    const schema = z.toJSONSchema(definition.schema) as {
      additionalProperties?: unknown;
      properties?: object;
    };
    expect(schema.additionalProperties).toBe(false);
    expect(Object.keys(schema.properties ?? {})).toEqual(fields.map(([name]) => name));
  });
});

/** The example with another value of an enum; what contradicts some of them is left out. */
function exampleWith(definition: AnyEventType, name: string, value: string): Record<string, unknown> {
  const { remaining_quantity, ...rest } = exampleOf(definition);
  return name === 'exec_type' || remaining_quantity === undefined
    ? { ...rest, [name]: value }
    : { ...rest, remaining_quantity, [name]: value };
}

describe('an order', () => {
  test('with a limit needs a price, one at the market does not', () => {
    const { price: _, ...rest } = exampleOf(OrderPlaced);
    expect(issuesOf(OrderPlaced, rest)).toEqual([{ path: 'price', message: 'a limit order needs a price' }]);
    expect(issuesOf(OrderPlaced, { ...rest, order_type: 'market' })).toEqual([]);
    expect(problem(OrderPlaced, { order_type: 'market' })).toEqual([]);
  });

  test.each([
    ['filled', '0', true],
    ['filled', '0.00000000', true],
    ['filled', '0.00000001', false],
    ['partially_filled', '0.00000001', true],
    ['partially_filled', '0.00', false],
    ['filled', undefined, true],
    ['partially_filled', undefined, true],
    [undefined, '0', true],
    [undefined, '1', true],
  ])('%s with %s remaining: valid is %s', (exec_type, remaining_quantity, valid) => {
    const paths = problem(OrderExecuted, { exec_type, remaining_quantity }).map(({ path }) => path);
    expect(paths).toEqual(valid ? [] : ['remaining_quantity']);
  });

  test('has steps, and each event type has its own share of them', () => {
    const steps = [OrderPlaced, OrderExecuted, OrderCancelled, OrderFailed].map((definition) =>
      valuesOf(fieldsOf(definition).exec_type as z.ZodType),
    );
    expect(steps).toEqual([
      ['initialized', 'submitted', 'accepted', 'updated', 'pending_cancel'],
      ['partially_filled', 'filled'],
      ['canceled', 'expired'],
      ['denied', 'rejected'],
    ]);
  });

  const upbit = {
    market: 'KRW-BTC',
    ask_bid: 'bid',
    ord_type: 'best',
    time_in_force: 'ioc',
    uuid: 'u',
    identifier: 'i',
    state: 'done',
    trade_uuid: 't',
    avg_price: '95000000.0',
    executed_volume: '0.01',
    remaining_volume: '0',
    executed_funds: '950000.00',
    paid_fee: '475',
    trade_fee: '475',
    is_maker: false,
    smp_type: 'reduce',
    prevented_volume: '0',
    trade_timestamp: 1,
    order_timestamp: 0,
  };

  test.each(
    [OrderPlaced, OrderExecuted, OrderCancelled, OrderFailed].map((definition) => ({
      type: definition.type,
      definition: definition as AnyEventType,
    })),
  )('$type may say what Upbit said: all of it, a part, nothing, but nothing else', ({ definition }) => {
    expect(problem(definition, { upbit })).toEqual([]);
    expect(problem(definition, { upbit: {} })).toEqual([]);
    for (const [name, value] of Object.entries(upbit)) {
      expect(problem(definition, { upbit: { [name]: value } }), name).toEqual([]);
      expect(problem(definition, { upbit: { [name]: {} } })[0]?.path, name).toBe(`upbit.${name}`);
    }
    expect(problem(definition, { upbit: { side: 'bid' } })[0]?.message).toContain('side');
    expect(problem(definition, { upbit: { avg_price: 95_000_000 } })[0]).toEqual({
      path: 'upbit.avg_price',
      message: expect.stringContaining('not a number'),
    });
  });
});
