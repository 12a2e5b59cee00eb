import type { RunSettings } from '../runs/result.js';
import type { Account } from './account.js';
import type { Order } from './order.js';

/** A quantity above 0, or why there is none. */
export type Sized = number | { readonly rejected: string } | { readonly needless: string };

/** Rounding of quantities must not turn ten lots into nine. */
const LOT_TOLERANCE = 1e-9;

/** More than this above what the account may hold is too much; less is rounding. */
const ROOM_TOLERANCE = 1e-9;

/**
 * The quantity of an order that is about to be filled at a price, for its side. What is sized by the account (`fraction`, `risk`, a target) is at most what the account has room for; what names
 * a quantity or a value is rejected when there is no room.
 */
export function sizeOrder(
  order: Order,
  price: number,
  maker: boolean,
  account: Account,
  settings: RunSettings,
): Sized {
  const held = account.quantity;
  const sign = order.side === 'buy' ? 1 : -1;
  const opposite = held * sign < 0 ? Math.abs(held) : 0;
  const wanted = wantedQuantity(order, price, account, settings);
  if (order.reduceOnly) {
    const quantity = onLots(Math.min(wanted, opposite), settings.lotSize);
    // All that is held may always be sold, however small.
    if (wanted >= opposite && opposite > 0) return opposite;
    return quantity > 0 ? quantity : { needless: 'there is nothing to reduce' };
  }
  const room = account.room(order.side, price, maker);
  const { by } = order.sizing;
  if (wanted > room * (1 + ROOM_TOLERANCE) && (by === 'quantity' || by === 'value')) {
    return { rejected: `the account has room for ${room} of ${wanted}` };
  }
  const quantity = onLots(Math.min(wanted, room), settings.lotSize);
  if (!(quantity > 0)) {
    if (by === 'target') return { needless: 'the position is what it shall be' };
    return { rejected: room > 0 ? 'it is less than one lot' : 'the account has room for nothing' };
  }
  if (quantity * price < settings.minimumValue && quantity > opposite) {
    if (by === 'target') return { needless: 'the change is less than the smallest order' };
    return { rejected: `its value of ${quantity * price} is below the minimum of ${settings.minimumValue}` };
  }
  return quantity;
}

/**
 * What an order is for when it is made, without a look at what the account has room for: that is decided when it is
 * filled, and an order before it may make room. What closes a position that is not there yet is taken to close one of
 * the whole equity. 0 where nothing is wanted: of a target that is reached.
 */
export function estimatedQuantity(
  order: Order,
  price: number,
  account: Account,
  settings: RunSettings,
): number {
  const sized = sizeOrder(order, price, false, account, settings);
  if (typeof sized === 'number') return sized;
  const wanted = wantedQuantity(order, price, account, settings);
  const isOfPosition = order.sizing.by === 'position' || order.sizing.by === 'entry';
  if (wanted > 0 || !isOfPosition) return wanted;
  return account.equity(price) / (price * (1 + settings.commission.taker));
}

function wantedQuantity(order: Order, price: number, account: Account, settings: RunSettings): number {
  const { sizing } = order;
  const cost = price * (1 + settings.commission.taker);
  switch (sizing.by) {
    case 'quantity':
      return sizing.amount;
    case 'value':
      return sizing.amount / price;
    case 'fraction':
      return (sizing.amount * account.equity(price)) / cost;
    case 'risk':
      return (sizing.amount * account.equity(price)) / stopDistance(order, price);
    case 'target':
      return order.quantity;
    case 'position':
      return Math.abs(account.quantity);
    case 'entry':
      return sizing.of.filled;
  }
}

/** Finds side and quantity of an order that shall lead to a position. */
export function aim(order: Order, price: number, account: Account, settings: RunSettings): void {
  const { taker } = settings.commission;
  const { amount } = order.sizing as { readonly amount: number };
  const held = account.quantity;
  const turned = held !== 0 && Math.sign(held) !== Math.sign(amount);
  const equity = account.equity(price) - (turned ? Math.abs(held) * price * taker : 0);
  const wanted = amount === 0 ? 0 : (amount * Math.max(0, equity)) / (price * (1 + taker));
  order.side = wanted >= held ? 'buy' : 'sell';
  order.quantity = Math.abs(wanted - held);
}

function stopDistance({ exits, side }: Order, price: number): number {
  if (exits?.stopLossFraction !== undefined) return price * exits.stopLossFraction;
  const distance = (price - (exits?.stopLoss as number)) * (side === 'buy' ? 1 : -1);
  // A stop on the wrong side would be hit at once; nothing can be lost by what is not bought.
  return distance > 0 ? distance : Number.POSITIVE_INFINITY;
}

/** The largest whole number of lots that is no more than a quantity. */
export function onLots(quantity: number, lotSize: number): number {
  return lotSize > 0 ? Math.floor(quantity / lotSize + LOT_TOLERANCE) * lotSize : quantity;
}
