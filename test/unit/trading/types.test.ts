import type { DataOf, Engine, EventType } from 'millrace';
import {
  type allTradingEvents,
  EventTypes,
  OrderPlaced,
  type TradingEventName,
  type TradingEventType,
  type TradingPayload,
  tradingExamples,
} from 'millrace/trading';
import { expect, expectTypeOf, test } from 'vitest';

const order = {
  order_id: 'o',
  strategy_id: 's',
  symbol: 'KRW-BTC',
  order_type: 'market',
  side: 'buy',
  quantity: '1',
} as const;

/** Code that must not compile. Never called: the type check fails when one of these lines does compile. */
function mustNotCompile(engine: Engine): unknown[] {
  return [
    OrderPlaced(order),
    // @ts-expect-error an unknown event
    EventTypes.OrderPlacd,
    // @ts-expect-error money as a number
    OrderPlaced({ ...order, quantity: 1 }),
    // @ts-expect-error a side that is none
    OrderPlaced({ ...order, side: 'BUY' }),
    // @ts-expect-error an unknown field
    OrderPlaced({ ...order, settings: {} }),
    // @ts-expect-error a step of another event
    OrderPlaced({ ...order, exec_type: 'filled' }),
    // @ts-expect-error no such field of Upbit
    OrderPlaced({ ...order, upbit: { side: 'bid' } }),
    // @ts-expect-error a field that the payload does not have
    engine.subscribe(OrderPlaced, ({ data }) => data.timeframe),
    // @ts-expect-error no such event
    tradingExamples['order.placed'],
  ];
}

test('the names are literal types', () => {
  expect(EventTypes.OrderPlaced).toBe('trading.order_placed');
  expectTypeOf(EventTypes.OrderPlaced).toEqualTypeOf<'trading.order_placed'>();
  expectTypeOf(EventTypes.TriggerEvaluated).toEqualTypeOf<'trigger.evaluated'>();
  expectTypeOf<(typeof EventTypes)[keyof typeof EventTypes]>().toEqualTypeOf<TradingEventName>();
  expectTypeOf<(typeof allTradingEvents)['length']>().toEqualTypeOf<43>();
  expectTypeOf<(typeof allTradingEvents)[21]['type']>().toEqualTypeOf<'trading.order_placed'>();
});

test('payloads have the types that their schemas infer', () => {
  expectTypeOf<TradingPayload<'trading.order_placed'>>().toEqualTypeOf<DataOf<typeof OrderPlaced>>();
  expectTypeOf<TradingPayload<'trading.order_placed'>['price']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<TradingPayload<'backtest.started'>['initial_capital']>().toEqualTypeOf<number>();
  expectTypeOf<TradingPayload<'trigger.signal_generated'>['trigger_id']>().toEqualTypeOf<string | null>();
  expectTypeOf<TradingPayload<'trigger.condition_met'>['operator']>().toEqualTypeOf<
    '>' | '<' | '>=' | '<=' | '==' | '!='
  >();
  expectTypeOf<TradingEventType>().toExtend<EventType<TradingEventName>>();
  expectTypeOf(tradingExamples['trading.order_executed']).toEqualTypeOf<
    TradingPayload<'trading.order_executed'>
  >();
});

test('what must not compile is checked by the compiler and never run', () => {
  expect(mustNotCompile).toBeTypeOf('function');
});
