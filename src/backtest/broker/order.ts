import { knownOptions, optionNames } from '../../events/known-options.js';
import type { OrderKind, OrderSide, OrderStatus } from '../runs/result.js';
import { StrategyMistakeError } from './strategy-mistake.js';

/** How much to buy or sell. One of them; none: `fraction: 1`. What is no quantity becomes one when it is filled. */
export interface Size {
  readonly quantity?: number;
  /** In the currency of the prices. */
  readonly value?: number;
  /** Fraction of the equity; up to the leverage. */
  readonly fraction?: number;
  /** Fraction of the equity that is lost when the order's stop loss is hit. */
  readonly risk?: number;
}

/** Orders that are made when an order has been filled, and of which the fill of one cancels the others. */
export interface Exits {
  /** Price, at which the position is closed with a loss. */
  readonly stopLoss?: number;
  /** The same as a fraction of the entry price, above 0 and below 1. */
  readonly stopLossFraction?: number;
  /** Price at which it is closed with a gain. */
  readonly takeProfit?: number;
  readonly takeProfitFraction?: number;
  /** Closed when the price has come back so far from its best: an amount. */
  readonly trailing?: number;
  /** The same as a fraction of the best price, above 0 and below 1. */
  readonly trailingFraction?: number;
}

/** An order. With neither `limit`, `stop` nor `trail` it is one for the market. */
export interface OrderRequest extends Size, Exits {
  /** This price or a better one. */
  readonly limit?: number;
  /** Becomes an order for the market when the price is reached; with `limit`, one with that limit. */
  readonly stop?: number;
  /** A stop that follows the best price at this distance: an amount. */
  readonly trail?: number;
  readonly trailFraction?: number;
  /** Only makes a position smaller. Default false. */
  readonly reduceOnly?: boolean;
  /** Expires when it has been on the book for so many candles. Default: never. */
  readonly expireAfter?: number;
  /** Name for reports. */
  readonly tag?: string;
}

/** How an order came to its quantity. */
export type Sizing =
  | { readonly by: 'quantity' | 'value' | 'fraction' | 'risk'; readonly amount: number }
  /** The position shall be this fraction of the equity, below 0 for a short one. */
  | { readonly by: 'target'; readonly amount: number }
  | { readonly by: 'position' }
  /** As much as the order that it is an exit of has filled. */
  | { readonly by: 'entry'; readonly of: Order };

/** An order on the book, or one that was. What may be read by strategies is in {@link OrderView}. */
export interface Order {
  readonly number: number;
  readonly kind: OrderKind;
  side: OrderSide;
  status: OrderStatus;
  readonly sizing: Sizing;
  /** NaN until it is known. */
  quantity: number;
  filled: number;
  /** Sum of quantity times price of its fills. */
  filledValue: number;
  commission: number;
  readonly limit: number;
  /** NaN for none. */
  stop: number;
  readonly trail: number;
  readonly trailFraction: number;
  readonly reduceOnly: boolean;
  /** A stop whose price was reached: from then on an order for the market, or one with a limit. */
  triggered: boolean;
  /** Moment of the candle, or finer candle, within which that was; -1 for none, or when it was at its open. */
  triggeredInside: number;
  readonly expiresAt: number;
  group: number;
  readonly tag: string | null;
  readonly exits: Exits | undefined;
  /** Moment of the candle, or finer candle, that has no more for it: what may be filled in it was. */
  doneMoment: number;
  /** Candle, with those before it, that it is left alone in; -1 for none. */
  readonly asleepIn: number;
  exitOrders: readonly Order[];
  /** Candle in which, or on whose close, it was made. */
  readonly bornIndex: number;
  /** The moment of that candle, or of the finer candle in which it was made. */
  readonly bornMoment: number;
  /** NaN when it was made on a close; else the price of the fill that it was made in. */
  readonly bornPrice: number;
  /** How the market moved when it was made within a candle. */
  readonly bornMove: 'rising' | 'falling' | 'open' | 'close';
  /** 0 made on a close, 1 made in the fill of such a one, … */
  readonly generation: number;
  readonly time: number;
  endTime: number | null;
  reason: string | null;
}

/** What a strategy sees of an order of its own. */
export type OrderView = Readonly<
  Pick<Order, 'number' | 'kind' | 'side' | 'status' | 'quantity' | 'filled' | 'limit' | 'stop' | 'tag'>
>;

const REQUEST = optionNames<OrderRequest>('An order', {
  quantity: true,
  value: true,
  fraction: true,
  risk: true,
  stopLoss: true,
  stopLossFraction: true,
  takeProfit: true,
  takeProfitFraction: true,
  trailing: true,
  trailingFraction: true,
  limit: true,
  stop: true,
  trail: true,
  trailFraction: true,
  reduceOnly: 'boolean',
  expireAfter: true,
  tag: true,
});

const FRACTIONS = ['stopLossFraction', 'takeProfitFraction', 'trailingFraction', 'trailFraction'] as const;
const AMOUNTS = [
  'quantity',
  'value',
  'fraction',
  'risk',
  'stopLoss',
  'takeProfit',
  'trailing',
  'limit',
  'stop',
  'trail',
] as const;

/** @throws StrategyMistakeError that names the field; InvalidOptionError for one that there is not. */
export function checkRequest(request: OrderRequest): void {
  knownOptions(request, REQUEST);
  for (const name of AMOUNTS) {
    const value = request[name];
    if (value !== undefined && !(value > 0 && value < Number.POSITIVE_INFINITY)) {
      throw mistake(name, value, 'a finite number above 0');
    }
  }
  for (const name of FRACTIONS) {
    const value = request[name];
    const most = name === 'takeProfitFraction' ? Number.POSITIVE_INFINITY : 1;
    if (value !== undefined && !(value > 0 && value < most))
      throw mistake(name, value, 'a fraction above 0 and below 1');
  }
  const { expireAfter, tag } = request;
  if (tag !== undefined && !(typeof tag === 'string' && tag.isWellFormed())) {
    throw new StrategyMistakeError("An order's 'tag' must be a text without half characters.", {
      details: { field: 'tag' },
    });
  }
  if (expireAfter !== undefined && !(Number.isInteger(expireAfter) && expireAfter > 0)) {
    throw mistake('expireAfter', expireAfter, 'a whole number of candles from 1');
  }
  if (
    request.risk !== undefined &&
    request.stopLoss === undefined &&
    request.stopLossFraction === undefined
  ) {
    throw new StrategyMistakeError("An order by 'risk' needs a 'stopLoss' or a 'stopLossFraction'.");
  }
}

function mistake(name: string, value: unknown, range: string): StrategyMistakeError {
  return new StrategyMistakeError(
    `An order's '${name}' is ${String(value)}; it must be ${range}. An indicator is NaN while it warms up.`,
    { details: { field: name } },
  );
}

export function sizingOf({ quantity, value, fraction, risk }: Size): Sizing {
  const given = [quantity, value, fraction, risk].filter((size) => size !== undefined);
  if (given.length > 1) {
    throw new StrategyMistakeError(
      "An order has one of 'quantity', 'value', 'fraction' and 'risk', not two.",
    );
  }
  if (quantity !== undefined) return { by: 'quantity', amount: quantity };
  if (value !== undefined) return { by: 'value', amount: value };
  if (risk !== undefined) return { by: 'risk', amount: risk };
  return { by: 'fraction', amount: fraction ?? 1 };
}

export function kindOf({ limit, stop, trail, trailFraction }: OrderRequest): OrderKind {
  if (trail !== undefined || trailFraction !== undefined) return 'trailing_stop';
  if (stop !== undefined) return limit === undefined ? 'stop' : 'stop_limit';
  return limit === undefined ? 'market' : 'limit';
}

/** Only what has exits has the object, so that orders without stay cheap. */
export function exitsOf(request: OrderRequest): Exits | undefined {
  const { stopLoss, stopLossFraction, takeProfit, takeProfitFraction, trailing, trailingFraction } = request;
  const any =
    stopLoss ?? stopLossFraction ?? takeProfit ?? takeProfitFraction ?? trailing ?? trailingFraction;
  return any === undefined ? undefined : request;
}

/** The reason of an order that the strategy took off the book; all others are the broker's. */
export const CANCELLED_BY_STRATEGY = 'the strategy cancelled it';

export function isOpen({ status }: Order): boolean {
  return status === 'open' || status === 'partially_filled';
}
