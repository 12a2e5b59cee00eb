import type { AnyEventType } from 'millrace';
import * as trading from 'millrace/trading';
import {
  allTradingEvents,
  backtestEvents,
  EventTypes,
  strategyEvents,
  tradingEvents,
  triggerEvents,
} from 'millrace/trading';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { CONTRACT, type ContractEvent } from '../../support/trading/contract.js';
import { fieldRead, fieldsOf, isOptional, valuesOf } from '../../support/trading/event-fields.js';

const FIELD = /(\w+)(\??) (any|[sifbtj](?:\[\])?)( or null)?(?: \(([^)]*)\))?(?:, |$)/g;

interface ContractField {
  readonly field: string;
  readonly optional: boolean;
  readonly kind: string;
  readonly nullable: boolean;
  readonly values: readonly string[] | undefined;
}

function contractFields({ fields }: ContractEvent): ContractField[] {
  return [...fields.matchAll(FIELD)].map(([, field = '', optional, kind = '', nullable, values]) => ({
    field,
    optional: optional === '?',
    kind,
    nullable: nullable !== undefined,
    // (0..1) is a range and (AND) a default; what is left are the values of an enum.
    values: kind === 's' && values?.includes(' ') ? values.split(/,? /) : undefined,
  }));
}

/** What the original does not have: each optional, so that its events fit. */
const ADDED: Readonly<Record<string, readonly string[]>> = {
  'trading.order_placed': ['backtest_id', 'exec_type', 'stop_price', 'upbit'],
  'trading.order_executed': ['backtest_id', 'exec_type', 'upbit'],
  'trading.order_cancelled': ['backtest_id', 'exec_type', 'upbit'],
  'trading.order_failed': ['backtest_id', 'exec_type', 'upbit'],
  'trading.position_opened': ['backtest_id'],
  'trading.position_closed': ['backtest_id'],
  'trading.position_updated': ['backtest_id'],
  'trading.trade_completed': ['backtest_id', 'funding_total', 'side'],
  'trading.margin_call_triggered': ['backtest_id'],
  'backtest.data_loaded': ['curve_closes', 'curve_every', 'curve_times', 'first_open'],
  'backtest.completed': ['equity_curve'],
  'backtest.trade_executed': [
    'adverse_excursion',
    'closure_reason',
    'favorable_excursion',
    'funding',
    'is_maker',
    'order_id',
    'order_tag',
    'order_type',
    'profit_loss',
    'remaining_quantity',
    'slippage',
  ],
  'backtest.position_opened': ['side'],
  'backtest.position_closed': ['closure_reason', 'commission', 'funding', 'side'],
};

/** Values that an enum has besides those of the original, which knew no others. */
const ADDED_VALUES: Readonly<Record<string, readonly string[]>> = {
  'trading.order_placed order_type': ['stop', 'stop_limit', 'take_profit', 'trailing_stop'],
};

/** Fields of the live families that are numbers: scores, durations, and the results of a simulation. */
const LIVE_NUMBERS = new Set([
  'signal_strength',
  'confidence',
  'confidence_score',
  'evaluation_duration_ms',
  'holding_duration_seconds',
  'total_return',
  'max_drawdown',
  'sharpe_ratio',
  'win_rate',
]);

const VOLATILE = [
  'evaluation_duration_ms',
  'data_load_duration_ms',
  'estimated_remaining_seconds',
  'execution_duration_seconds',
  'save_timestamp',
  'completed_at',
  'storage_location',
];

const cases = CONTRACT.map((event, index) => ({
  ...event,
  number: index + 1,
  definition: allTradingEvents[index] as AnyEventType,
}));

/** What a field of a kind takes and what it does not. */
function probes(kind: string, live: boolean): { takes: readonly unknown[]; refuses: readonly unknown[] } {
  switch (kind) {
    case 's':
      return { takes: [], refuses: [1, true, {}, ['x']] };
    case 'i':
      return { takes: [0, 7], refuses: [0.5, -1, '7', true] };
    case 'f':
      return live
        ? { takes: ['0.5'], refuses: [1, 0.5, '1e3', '01', ''] }
        : { takes: [0.5, 1], refuses: ['0.5', Number.NaN, Number.POSITIVE_INFINITY, 1n] };
    case 'b':
      return { takes: [true, false], refuses: [1, 'true'] };
    case 't':
      return { takes: [0, -1, 1_714_640_400_000], refuses: [0.5, '2024-05-02', new Date(0)] };
    case 'j':
      return { takes: [{}, { deep: [1] }], refuses: [[], 'x', 1] };
    case 'j[]':
      return { takes: [[], [{}]], refuses: [{}, ['x']] };
    case 's[]':
      return { takes: [[], ['x']], refuses: ['x', [1]] };
    default:
      return { takes: [0, '', false, null, [1], { a: null }], refuses: [undefined, () => {}] };
  }
}

function accepts(field: z.ZodType | undefined, value: unknown): boolean {
  return field?.safeParse(value).success ?? false;
}

describe('the 43 events', () => {
  test('are four families', () => {
    expect(
      [strategyEvents, triggerEvents, tradingEvents, backtestEvents].map(({ length }) => length),
    ).toEqual([8, 13, 10, 12]);
    expect(allTradingEvents).toEqual([
      ...strategyEvents,
      ...triggerEvents,
      ...tradingEvents,
      ...backtestEvents,
    ]);
    expect([allTradingEvents, strategyEvents, triggerEvents, tradingEvents].every(Object.isFrozen)).toBe(
      true,
    );
  });

  test('have the names of the contract, in its order', () => {
    expect(allTradingEvents.map(({ type }) => type)).toEqual(CONTRACT.map(({ type }) => type));
    expect(CONTRACT.length).toBe(43);
  });

  test('are exported and listed in EventTypes under the names of the classes', () => {
    const exported: Readonly<Record<string, unknown>> = { ...trading };
    expect(Object.entries(EventTypes)).toEqual(CONTRACT.map(({ name, type }) => [name, type]));
    expect(CONTRACT.map(({ name }) => exported[name])).toEqual([...allTradingEvents]);
    expect(Object.isFrozen(EventTypes)).toBe(true);
  });

  test('have names and aliases that meet nowhere', () => {
    const names = allTradingEvents.flatMap(({ type, aliases }) => [type, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe.each(cases)('$number $type', ({ definition, ...event }) => {
  const expected = contractFields(event);

  test('answers to the original name', () => {
    expect(definition.aliases).toEqual(event.original === event.type ? [] : [event.original]);
    expect(definition.version).toBe(1);
  });

  test('belongs to its aggregate, and is ordered by its key', () => {
    expect(fieldRead(definition.aggregateId)).toBe(event.aggregate);
    expect(fieldRead(definition.partitionKey ?? definition.aggregateId)).toBe(event.key);
    for (const field of [event.aggregate, event.key]) {
      expect(accepts(fieldsOf(definition)[field], undefined), field).toBe(false);
      expect(accepts(fieldsOf(definition)[field], ''), field).toBe(false);
    }
  });

  test('has the fields of the contract, optional where the contract says so', () => {
    const fields = Object.entries(fieldsOf(definition));
    const optional = (wanted: boolean) =>
      fields.flatMap(([name, field]) => (isOptional(field) === wanted ? name : [])).toSorted();
    const added = ADDED[event.type] ?? [];
    const named = (wanted: boolean) =>
      expected.flatMap((field) => (field.optional === wanted ? field.field : []));
    expect(optional(false)).toEqual(named(false).toSorted());
    expect(optional(true)).toEqual([...named(true), ...added].toSorted());
  });

  test.each(expected)('$field is of its kind', ({ field, kind, nullable, values }) => {
    const schema = fieldsOf(definition)[field];
    const live = !event.type.startsWith('backtest.') && !LIVE_NUMBERS.has(field);
    const { takes, refuses } = probes(kind, live);
    for (const value of takes) expect(accepts(schema, value), `takes ${JSON.stringify(value)}`).toBe(true);
    for (const value of refuses) expect(accepts(schema, value), `refuses ${String(value)}`).toBe(false);
    if (nullable) expect(accepts(schema, null)).toBe(true);
    const all = values && [...values, ...(ADDED_VALUES[`${event.type} ${field}`] ?? [])];
    if (all) expect(schema && valuesOf(schema)?.toSorted()).toEqual(all.toSorted());
  });

  test('what a wall clock or a machine decides is volatile', () => {
    const fields = expected.map(({ field }) => field);
    const expectedVolatile = fields.filter((field) => VOLATILE.includes(field));
    expect([...definition.volatile].toSorted()).toEqual(expectedVolatile.toSorted());
  });
});
