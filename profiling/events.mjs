import { defineEvent } from 'millrace/define';
import { z } from 'zod';

const market = z.string().min(1);
const aggregateId = (/** @type {{ market: string }} */ data) => data.market;

export const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ market, price: z.number().positive(), quantity: z.number().positive() }),
  aggregateId,
});
export const RiskScored = defineEvent('risk.scored', {
  schema: z.object({ market, score: z.number() }),
  aggregateId,
});
export const PositionChanged = defineEvent('position.changed', {
  schema: z.object({ market, quantity: z.number() }),
  aggregateId,
});
