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
    if (candle.minute === minute) candle.close = price;
    else {
      if (candle.minute > 0) ctx.emit(CandleClosed({ symbol, ...candle }));
      return { minute, open: price, close: price };
    }
  });
});

await using engine = await createTestEngine({ events: [Trade, CandleClosed], handlers: [candles] });
const trades = [
  ['AAA', 1, 10],
  ['BBB', 1, 50],
  ['AAA', 1, 12],
  ['AAA', 2, 11],
  ['BBB', 2, 49],
];
await engine.publishMany(trades.map(([symbol, minute, price]) => Trade({ symbol, minute, price })));
await engine.drain();
for await (const { data } of engine.read({ types: [CandleClosed] })) console.log(data);
