import { z } from 'zod';
import { decimal, decimalAmount } from './decimal.js';
import { epochMs, id } from './fields.js';

/**
 * What Upbit says of an order, under Upbit's own names; each field is optional, others are refused. It stands
 * beside the event's own fields and replaces none of them. The WebSocket sends amounts as JSON numbers:
 * `decimalFromNumber` makes them decimal text; the REST interface sends text, which stays as it is.
 */
export const upbit = z
  .strictObject({
    /** Quote and base currency: KRW-BTC. */
    market: id,
    /** Kept as it came: the WebSocket writes it in capitals, the REST interface small. */
    ask_bid: z.enum(['ask', 'bid', 'ASK', 'BID']),
    /** `price` is a market order to buy for a sum of money, `market` one to sell a quantity. */
    ord_type: z.enum(['limit', 'price', 'market', 'best']),
    time_in_force: z.enum(['ioc', 'fok', 'post_only']),
    /** Upbit's id of the order. */
    uuid: id,
    /** The id that the client gave the order. */
    identifier: id,
    /** `watch` is a reserved order, `prevented` one that would have matched an order of the same account. */
    state: z.enum(['wait', 'watch', 'trade', 'done', 'cancel', 'prevented']),
    trade_uuid: id,
    avg_price: decimalAmount,
    executed_volume: decimalAmount,
    remaining_volume: decimalAmount,
    /** Money that has changed hands. */
    executed_funds: decimalAmount,
    /** Fee of the order so far. */
    paid_fee: decimal,
    /** Fee of this trade. */
    trade_fee: decimal,
    is_maker: z.boolean(),
    /** What self-match prevention does. */
    smp_type: z.enum(['reduce', 'cancel_maker', 'cancel_taker']),
    prevented_volume: decimalAmount,
    trade_timestamp: epochMs,
    order_timestamp: epochMs,
  })
  .partial();
