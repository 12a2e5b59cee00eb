import { defineEvent } from 'millrace/define';
import { z } from 'zod';

export const Trade = defineEvent('market.trade', {
  schema: z.object({ symbol: z.string(), time: z.number(), price: z.number(), quantity: z.number() }),
  aggregateId: ({ symbol }) => symbol,
});

export const CandleClosed = defineEvent('market.candle_closed', {
  schema: z.object({
    symbol: z.string(),
    time: z.number(),
    open: z.number(),
    high: z.number(),
    low: z.number(),
    close: z.number(),
    volume: z.number(),
  }),
  aggregateId: ({ symbol }) => `${symbol}-candles`,
  partitionKey: ({ symbol }) => symbol, // handled in the order of its symbol's trades
});
