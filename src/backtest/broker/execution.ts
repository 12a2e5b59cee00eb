import type { ClosureReason, FillRow, RunSettings } from '../runs/result.js';
import { Account, type Purse } from './account.js';
import { type Birth, Book, type Numbers } from './book.js';
import type { BrokerObserver } from './observer.js';
import { isOpen, type Order } from './order.js';
import { aim, onLots, sizeOrder } from './sizing.js';
import { type Bar, type Touch, touch } from './touch.js';

/** The columns that the broker walks over. */
export interface Columns {
  readonly time: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  /** Rate that is due at the start of each candle; 0 for none. Undefined: there are none. */
  readonly funding?: Float64Array | undefined;
}

/** What the markets of one run have in common. */
export interface Joint {
  readonly purse: Purse;
  readonly numbers: Numbers;
  /** Closes all positions of the account, that of a market at a price. */
  readonly liquidate: (of: Account, price: number) => void;
}

/** Called for each fill, while the candle that it is in is still unknown to the strategy. */
export type FillListener = (fill: FillRow, order: Order) => void;

const REASONS: Readonly<Record<Order['kind'], ClosureReason>> = {
  market: 'signal',
  limit: 'signal',
  stop: 'stop_loss',
  stop_limit: 'stop_loss',
  take_profit: 'take_profit',
  trailing_stop: 'trailing_stop',
};

/** Nothing but a fill's worth of rounding is left of an order. */
const FILLED_TOLERANCE = 1e-9;

/** Fills orders and ends them: what becomes of an order that the market has come to. */
export class Execution {
  readonly account: Account;
  readonly book: Book;
  /** The candle that it is in. */
  readonly bar: Bar = { index: -1, moment: -1, time: 0, open: 0, high: 0, low: 0, close: 0 };
  onFill: FillListener | undefined;
  /** Where orders are made that are made now; undefined on a close. */
  birth: Birth | undefined;
  /** Whether there may be a trailing stop on the book. */
  hasTrailing = false;
  /** Moment of the candle, or finer candle, within which the position was opened. */
  openedInside = -1;
  readonly #settings: RunSettings;
  readonly #columns: Columns;
  readonly #observer: BrokerObserver;
  #volumeLeft = Number.POSITIVE_INFINITY;
  readonly #numbers: Numbers;

  constructor(settings: RunSettings, columns: Columns, observer: BrokerObserver, joint: Joint | undefined) {
    this.#settings = settings;
    this.#columns = columns;
    this.#observer = observer;
    this.#numbers = joint?.numbers ?? { orders: 0, groups: 0, fills: 0 };
    this.account = new Account(settings, columns.funding !== undefined, joint?.purse);
    this.book = new Book(settings.fill, settings.tickSize, this.#numbers);
  }

  /** @param time where it is another one than that of the candle. */
  enter(index: number, time = this.#columns.time[index] as number): void {
    const bar = this.bar;
    bar.index = index;
    bar.time = time;
    this.#show(this.#columns, index, index);
    const { volumeShare } = this.#settings;
    if (volumeShare > 0) this.#volumeLeft = (this.#columns.volume[index] as number) * volumeShare;
  }

  /** Goes to one of the finer candles within the candle: its prices; time and volume stay those of the candle. */
  enterFiner(finer: Columns, at: number, moment: number): void {
    this.#show(finer, at, moment);
  }

  /** Back from the finer candles. */
  leaveFiner(): void {
    this.#show(this.#columns, this.bar.index, this.bar.index);
  }

  /** Whether more can be filled in the candle. */
  get hasVolume(): boolean {
    return this.#volumeLeft > 0;
  }

  #show(columns: Columns, at: number, moment: number): void {
    const bar = this.bar;
    bar.moment = moment;
    bar.open = columns.open[at] as number;
    bar.high = columns.high[at] as number;
    bar.low = columns.low[at] as number;
    bar.close = columns.close[at] as number;
  }

  /** @param known the last candle whose close is known, where it was made on a close. */
  placed(order: Order, known = order.bornIndex): Order {
    if (order.kind === 'trailing_stop') {
      this.hasTrailing = true;
      const from = Number.isNaN(order.bornPrice) ? (this.#columns.close[known] as number) : order.bornPrice;
      order.stop = trailedStop(order, from);
    }
    this.#observer.ordered(order, 'submitted', order.time);
    if (known < 0) {
      this.end(order, 'rejected', 'the market has no candle yet', order.time);
      this.book.tidy();
    }
    return order;
  }

  /** An order is due at what `touch` says. */
  touched(order: Order, generation: number, at: 'close' | 'bar' = 'bar'): void {
    const { price, maker, triggerOnly, move }: Touch = touch;
    const bar = this.bar;
    if (order.kind !== 'market' && order.kind !== 'limit' && order.kind !== 'take_profit') {
      order.triggered = true;
      if (move !== 'open') order.triggeredInside = bar.moment;
      if (triggerOnly) {
        this.#observer.ordered(order, 'updated', bar.time);
        return;
      }
    }
    const quantity = this.#quantityOf(order, price, maker);
    if (quantity === undefined) return;
    const bornMove = at === 'close' ? 'close' : move;
    const { index, moment, time } = bar;
    this.birth = { index, moment, time, price, move: bornMove, generation: generation + 1 };
    try {
      this.#fill(order, quantity, price, maker, REASONS[order.kind]);
    } finally {
      this.birth = undefined;
    }
  }

  closeAt(price: number, reason: ClosureReason): void {
    if (this.account.quantity === 0) return;
    const { index, moment, time } = this.bar;
    const birth: Birth = { index, moment, time, price, move: 'close', generation: 2 };
    const side = this.account.quantity > 0 ? 'sell' : 'buy';
    const order = this.book.request(side, { reduceOnly: true, tag: reason }, birth);
    order.quantity = Math.abs(this.account.quantity);
    this.#observer.ordered(order, 'submitted', time);
    if (reason === 'liquidation') this.birth = birth;
    try {
      this.#fill(order, Math.abs(this.account.quantity), price, false, reason);
    } finally {
      this.birth = undefined;
    }
    this.book.tidy();
  }

  end(
    order: Order,
    status: 'cancelled' | 'expired' | 'rejected',
    reason: string,
    time = this.bar.time,
  ): void {
    this.book.hasEnded = true;
    order.status = status;
    order.reason = reason;
    order.endTime = time;
    this.#observer.ordered(order, status, time);
  }

  /** How much of an order is filled now; undefined when it ends instead, or nothing can be had. */
  #quantityOf(order: Order, market: number, maker: boolean): number | undefined {
    let rest = order.quantity - order.filled;
    if (order.filled === 0) {
      const { quantity: told, side } = order;
      if (order.sizing.by === 'target') aim(order, market, this.account, this.#settings);
      const price = this.#worse(order, market, 0, maker);
      const sized = sizeOrder(order, price, maker, this.account, this.#settings);
      if (typeof sized !== 'number') {
        // What it would have led to was never told, and is none of what became of it.
        order.quantity = told;
        order.side = side;
        if ('rejected' in sized) this.end(order, 'rejected', sized.rejected);
        else this.end(order, 'cancelled', sized.needless);
        return undefined;
      }
      order.quantity = sized;
      rest = sized;
      if (told !== sized) this.#observer.ordered(order, 'updated', this.bar.time);
    } else if (order.reduceOnly) {
      rest = Math.min(rest, Math.abs(this.account.quantity));
      if (!(rest > 0)) {
        this.end(order, 'cancelled', 'there is nothing to reduce');
        return undefined;
      }
    } else {
      // The price has changed since the order was sized, and with it what the account has room for.
      const room = this.account.room(order.side, this.#worse(order, market, 0, maker), maker);
      if (rest > room) rest = onLots(room, this.#settings.lotSize);
      if (!(rest > 0)) {
        this.end(order, 'cancelled', 'the account has room for no more');
        return undefined;
      }
      this.#shrink(order, order.filled + rest);
    }
    if (rest <= this.#volumeLeft) return rest;
    const { lotSize } = this.#settings;
    const part = lotSize > 0 ? Math.floor(this.#volumeLeft / lotSize) * lotSize : this.#volumeLeft;
    return part > 0 ? part : undefined;
  }

  /** Part of an order can be had no more. */
  #shrink(order: Order, quantity: number): void {
    if (quantity === order.quantity) return;
    order.quantity = quantity;
    this.#observer.ordered(order, 'updated', this.bar.time);
  }

  /** The market's price, made worse by spread and slippage for what takes from the book. */
  #worse(order: Order, market: number, quantity: number, maker: boolean): number {
    const { slippage, spread, tickSize } = this.#settings;
    if (maker) return market;
    const volume = this.#columns.volume[this.bar.index] as number;
    const impact = slippage.volume > 0 && volume > 0 ? (slippage.volume * quantity) / volume : 0;
    const distance = market * (spread / 2 + slippage.fraction + impact) + slippage.fixed;
    if (distance === 0) return market;
    const sign = order.side === 'buy' ? 1 : -1;
    let price = market + sign * distance;
    if (tickSize > 0)
      price = (sign > 0 ? Math.ceil(price / tickSize) : Math.floor(price / tickSize)) * tickSize;
    // A limit is a limit, whatever the spread; and nothing is sold for less than nothing.
    if (!Number.isNaN(order.limit))
      price = sign > 0 ? Math.min(price, order.limit) : Math.max(price, order.limit);
    return Math.max(price, market * 1e-6);
  }

  #fill(order: Order, asked: number, market: number, maker: boolean, reason: ClosureReason): void {
    const bar = this.bar;
    const { account } = this;
    const price = this.#worse(order, market, asked, maker);
    let quantity = asked;
    if (this.#settings.slippage.volume > 0 && !order.reduceOnly) {
      const room = account.room(order.side, price, maker);
      if (asked > room) quantity = onLots(room, this.#settings.lotSize);
      if (!(quantity > 0)) {
        this.end(order, 'rejected', 'the account has room for nothing at its own impact');
        return;
      }
      if (asked > room) this.#shrink(order, order.filled + quantity);
    }
    const before = account.quantity;
    const { side, tag } = order;
    const flips =
      before !== 0 && Math.sign(before) !== (side === 'buy' ? 1 : -1) && quantity > Math.abs(before);
    const booked = account.book({
      side,
      quantity,
      price,
      maker,
      time: bar.time,
      index: bar.index,
      reason: flips && reason === 'signal' ? 'reversed' : reason,
      tag,
    });
    this.#volumeLeft -= quantity;
    order.filled += quantity;
    order.filledValue += quantity * price;
    order.commission += booked.commission;
    if (Number.isNaN(order.quantity)) order.quantity = quantity;
    const done = order.quantity - order.filled <= order.quantity * FILLED_TOLERANCE;
    order.status = done ? 'filled' : 'partially_filled';
    if (done) {
      order.endTime = bar.time;
      this.book.hasEnded = true;
    }
    const fill: FillRow = {
      number: ++this.#numbers.fills,
      order: order.number,
      time: bar.time,
      index: bar.index,
      side,
      price,
      quantity,
      commission: booked.commission,
      slippage: Math.abs(price - market),
      maker,
      positionAfter: account.quantity,
      cashAfter: account.cash,
    };
    this.#tell(order, fill, booked);
    if (done) this.#endGroup(order);
    if (booked.closed !== undefined) this.#endExits();
    if (this.birth === undefined) return;
    if (booked.opened !== undefined && this.birth.move !== 'open') this.openedInside = bar.moment;
    if (order.exits !== undefined && grew(before, account.quantity) && !order.exitOrders.some(isOpen)) {
      order.exitOrders = this.book.exits(order, order.exits, price, this.birth);
      for (const exit of order.exitOrders) this.placed(exit);
    }
    this.onFill?.(fill, order);
  }

  #tell(order: Order, fill: FillRow, booked: ReturnType<Account['book']>): void {
    const { account } = this;
    const observer = this.#observer;
    const { trade, closed, opened } = booked;
    observer.filled(order, fill, account.equity(fill.price), trade);
    if (trade !== undefined) observer.traded(trade, closed !== undefined);
    if (trade !== undefined && closed !== undefined) observer.closed(closed, trade);
    if (opened !== undefined) observer.opened(opened, fill);
    else if (account.position !== undefined) {
      observer.changed(account.position, account.quantity, fill.price, fill.time);
    }
  }

  #endGroup(filled: Order): void {
    if (filled.group === 0) return;
    for (const order of this.book.open) {
      if (order.group === filled.group && order !== filled && isOpen(order)) {
        this.end(order, 'cancelled', `order ${filled.number} of its group was filled`);
      }
    }
  }

  /** Without a position there is nothing that an exit could close. */
  #endExits(): void {
    for (const order of this.book.open) {
      const { by } = order.sizing;
      if ((by === 'position' || by === 'entry') && isOpen(order)) {
        this.end(order, 'cancelled', 'the position is closed');
      }
    }
  }
}

/** Where a trailing stop stands when this was the best price. */
export function trailedStop({ side, trail, trailFraction }: Order, best: number): number {
  const distance = trailFraction > 0 ? best * trailFraction : trail;
  return side === 'sell' ? best - distance : best + distance;
}

/** Whether a fill made a position, or made one larger. */
function grew(before: number, after: number): boolean {
  return after !== 0 && (Math.sign(before) !== Math.sign(after) || Math.abs(after) > Math.abs(before));
}
