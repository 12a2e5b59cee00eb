import { defineEvent } from 'millrace/define';
import { z } from 'zod';

/** What every bench publishes: 8 fields, about 110 bytes as a MessagePack map. */
const fields = {
  order_id: z.string().min(1),
  market: z.string(),
  side: z.enum(['bid', 'ask']),
  kind: z.enum(['limit', 'market']),
  price: z.number().positive(),
  quantity: z.number().int().positive(),
  sequence: z.number().int().nonnegative(),
  placed_at: z.number(),
};

export const OrderPlaced = defineEvent('bench.order_placed', {
  schema: z.object(fields),
  aggregateId: (data) => data.order_id,
});

/** The same with a text that brings it to 1 KB. */
export const OrderNoted = defineEvent('bench.order_noted', {
  schema: z.object({ ...fields, note: z.string() }),
  aggregateId: (data) => data.order_id,
});

/** Work for the `offload` bench: how many rounds of arithmetic its handler does. */
export const WorkOrdered = defineEvent('bench.work_ordered', {
  schema: z.object({ key: z.string().min(1), rounds: z.number().int().positive() }),
  aggregateId: (data) => data.key,
});

/** Waiting for the `async` bench: how many milliseconds its handler waits; 0: not at all. */
export const WaitOrdered = defineEvent('bench.wait_ordered', {
  schema: z.object({ key: z.string().min(1), milliseconds: z.number().nonnegative() }),
  aggregateId: (data) => data.key,
});

export interface Order {
  readonly order_id: string;
  readonly market: string;
  readonly side: 'bid' | 'ask';
  readonly kind: 'limit' | 'market';
  readonly price: number;
  readonly quantity: number;
  readonly sequence: number;
  readonly placed_at: number;
}

export type PayloadName = 'small' | 'large';

export const PAYLOAD_BYTES: Readonly<Record<PayloadName, number>> = { small: 113, large: 1024 };

const MARKETS = ['SPX', 'NDX', 'DAX', 'FTSE'] as const;
const NOTE = 'settlement instruction '.repeat(40).slice(0, 903);
const STARTED = 1_700_000_000_000;

/** Builds a payload: every contestant calls this once an event, so that its cost is the same for all. */
export function makeOrder(orderId: string, sequence: number): Order {
  return {
    order_id: orderId,
    market: MARKETS[sequence & 3] as string,
    side: (sequence & 1) === 0 ? 'bid' : 'ask',
    kind: (sequence & 7) === 0 ? 'market' : 'limit',
    price: 100.25 + (sequence & 1023),
    quantity: quantityOf(sequence),
    sequence,
    placed_at: STARTED + sequence,
  };
}

/** As `makeOrder`, with the text that makes it 1 KB. */
export function makeNotedOrder(orderId: string, sequence: number): Order & { readonly note: string } {
  return {
    order_id: orderId,
    market: MARKETS[sequence & 3] as string,
    side: (sequence & 1) === 0 ? 'bid' : 'ask',
    kind: (sequence & 7) === 0 ? 'market' : 'limit',
    price: 100.25 + (sequence & 1023),
    quantity: quantityOf(sequence),
    sequence,
    placed_at: STARTED + sequence,
    note: NOTE,
  };
}

function quantityOf(sequence: number): number {
  return 1 + (sequence & 127);
}

/** What handlers add up over `count` events: a run whose sum differs has lost or repeated an event. */
export function expectedQuantity(count: number): number {
  const cycles = Math.floor(count / 128);
  const rest = count % 128;
  return cycles * ((128 * 129) / 2) + (rest * (rest + 1)) / 2;
}
