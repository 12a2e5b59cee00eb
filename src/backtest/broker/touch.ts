import type { Order } from './order.js';

/** The candle that the broker is in. */
export interface Bar {
  index: number;
  /** The same, and behind the point which of its finer candles it is: 7, 7.25, 7.5, 7.75 of four. */
  moment: number;
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
}

/** Where an order is filled, before spread and slippage. */
export interface Touch {
  price: number;
  /** Whether it rested on the book and the market came to it. */
  maker: boolean;
  /** Which way the market went to it. */
  move: 'rising' | 'falling' | 'open';
  /** Stop-limit order whose stop was reached, and whose limit was not. */
  triggerOnly: boolean;
}

/** Filled by `touchAtOpen` and `touchInside`: one object for all, because most candles touch nothing. */
export const touch: Touch = { price: 0, maker: false, move: 'open', triggerOnly: false };

function touched(price: number, maker: boolean, move: Touch['move'], triggerOnly = false): true {
  touch.price = price;
  touch.maker = maker;
  touch.move = move;
  touch.triggerOnly = triggerOnly;
  return true;
}

/** Whether an order that was on the book before is filled by the first price of a candle. */
export function touchAtOpen(order: Order, open: number): boolean {
  const buys = order.side === 'buy';
  switch (order.kind) {
    case 'market':
      return touched(open, false, 'open');
    case 'limit':
    case 'take_profit':
      return (buys ? open <= order.limit : open >= order.limit) && touched(open, true, 'open');
    case 'stop':
    case 'trailing_stop':
      return (order.triggered || reached(order, open)) && touched(open, false, 'open');
    case 'stop_limit': {
      const waits = !order.triggered;
      if (waits && !reached(order, open)) return false;
      const fills = buys ? open <= order.limit : open >= order.limit;
      // It rested only if the stop was reached before.
      return fills ? touched(open, !waits, 'open') : waits && touched(open, false, 'open', true);
    }
  }
}

function reached({ side, stop }: Order, price: number): boolean {
  return side === 'buy' ? price >= stop : price <= stop;
}

/**
 * Whether an order is filled within a candle. One that was made within the same candle has not seen all of its range:
 * its stop counts as touched all the same, its limit only where the market must have passed it after the order was made.
 *
 * @param optimistic whether such a limit counts as touched, too.
 */
export function touchInside(order: Order, bar: Bar, optimistic: boolean): boolean {
  const buys = order.side === 'buy';
  const young = order.bornMoment === bar.moment && order.bornMove !== 'close';
  switch (order.kind) {
    case 'market':
      return false;
    case 'limit':
    case 'take_profit':
      return touchLimit(order, bar, young && !optimistic);
    case 'stop':
    case 'trailing_stop': {
      const { stop } = order;
      if (order.triggered || !(buys ? bar.high >= stop : bar.low <= stop)) return false;
      const from = young ? order.bornPrice : bar.open;
      return touched(buys ? Math.max(from, stop) : Math.min(from, stop), false, buys ? 'rising' : 'falling');
    }
    case 'stop_limit': {
      // What happened before the stop was reached is not known, so a limit beyond it waits for the next candle.
      if (order.triggered) return order.triggeredInside !== bar.moment && touchLimit(order, bar, false);
      const { stop, limit } = order;
      if (!(buys ? bar.high >= stop : bar.low <= stop)) return false;
      const from = young ? order.bornPrice : bar.open;
      const price = buys ? Math.max(from, stop) : Math.min(from, stop);
      const fills = buys ? price <= limit : price >= limit;
      return touched(price, false, buys ? 'rising' : 'falling', !fills);
    }
  }
}

function touchLimit(order: Order, bar: Bar, strict: boolean): boolean {
  const buys = order.side === 'buy';
  const { limit } = order;
  if (!(buys ? bar.low <= limit : bar.high >= limit)) return false;
  if (order.bornMoment !== bar.moment || order.bornMove === 'close') {
    // At the open it was filled as far as there was volume; the rest waits for the next one.
    if (buys ? bar.open <= limit : bar.open >= limit) return false;
    return touched(limit, true, buys ? 'falling' : 'rising');
  }
  const from = order.bornPrice;
  // A limit better than the price at which it was made is filled at that price at once.
  if (buys ? from <= limit : from >= limit) return touched(from, false, order.bornMove);
  if (strict && order.bornMove !== 'open' && order.bornMove !== (buys ? 'falling' : 'rising')) return false;
  return touched(limit, true, buys ? 'falling' : 'rising');
}
