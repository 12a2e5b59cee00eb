import { defineEvent, defineHandlers, defineState } from 'millrace/define';
import { createTestEngine } from 'millrace/testing';
import { z } from 'zod';

const Trade = defineEvent('market.trade', {
  schema: z.object({ symbol: z.string(), price: z.number(), minute: z.number() }),
  aggregateId: ({ symbol }) => symbol,
});
const CandleClosed = defineEvent('market.candle_closed', {
  schema: z.object({ symbol: z.string(), minute: z.number(), open: z.number(), close: z.number() }),
  aggregateId: ({ symbol, minute }) => `${symbol}-${minute}`,
  partitionKey: ({ symbol }) => symbol,
});

const Candle = defineState({ name: 'candle', initial: () => ({ minute: 0, open: 0, close: 0 }) });

const candles = defineHandlers('candles', (on) => {
  on(Trade, { state: Candle }, ({ data: { symbol, price, minute } }, candle, ctx) => {
    if (candle.minute === minute) return { ...candle, close: price };
    if (candle.minute > 0) ctx.emit(CandleClosed({ symbol, ...candle }));
    return { minute, open: price, close: price };
  });
});

await using engine = await createTestEngine({ events: [Trade, CandleClosed], handlers: [candles] });
await engine.publishMany([
  Trade({ symbol: 'AAA', minute: 1, price: 10 }),
  Trade({ symbol: 'BBB', minute: 1, price: 50 }),
  Trade({ symbol: 'AAA', minute: 1, price: 12 }),
  Trade({ symbol: 'AAA', minute: 2, price: 11 }),
  Trade({ symbol: 'BBB', minute: 2, price: 49 }),
]);
await engine.drain();
for await (const { data } of engine.read({ types: [CandleClosed] })) console.log(data);
