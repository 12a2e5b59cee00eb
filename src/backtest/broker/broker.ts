import type { FinerCandles } from '../candles/finer.js';
import type { OrderSide, RunSettings } from '../runs/result.js';
import type { Account } from './account.js';
import type { Birth, Book } from './book.js';
import { type Columns, Execution, type FillListener, type Joint, trailedStop } from './execution.js';
import type { BrokerObserver } from './observer.js';
import { CANCELLED_BY_STRATEGY, isOpen, type Order, type OrderRequest } from './order.js';
import { aim, estimatedQuantity } from './sizing.js';
import { type Bar, touch, touchAtOpen, touchInside } from './touch.js';

/**
 * The simulated market and account of one run: a pure function of candles and orders. Of each candle it does, in this
 * order: before the open the funding of what is held; at the open the market orders of the candle before, and what the open price reaches; then, inside, what high
 * and low reach, stops before targets; at the close what is to be filled there (`afterClose`, after the strategy was
 * asked). Nothing that was decided on a candle is filled by its high or low.
 */
export class Broker {
  readonly account: Account;
  readonly book: Book;
  readonly #settings: RunSettings;
  readonly #columns: Columns;
  readonly #observer: BrokerObserver;
  readonly #bar: Bar;
  readonly #funding: Float64Array | undefined;
  readonly #finer: FinerCandles | undefined;
  #walked = 0;
  readonly #execution: Execution;
  readonly #joint: Joint | undefined;

  /**
   * @param finer what lies within the candles, where it is to decide what comes first.
   * @param joint what it has in common with the brokers of other markets; their `Desk` goes through its steps.
   */
  constructor(
    settings: RunSettings,
    columns: Columns,
    observer: BrokerObserver,
    finer?: FinerCandles,
    joint?: Joint,
  ) {
    this.#finer = finer;
    this.#joint = joint;
    this.#settings = settings;
    this.#columns = columns;
    this.#observer = observer;
    this.#funding = columns.funding;
    this.#execution = new Execution(settings, columns, observer, joint);
    this.account = this.#execution.account;
    this.book = this.#execution.book;
    this.#bar = this.#execution.bar;
  }

  /** Whether a candle has to be looked at at all. */
  get idle(): boolean {
    return this.book.open.length === 0 && this.account.quantity === 0;
  }

  /** Candles whose finer ones were walked through, because an order was reached in them. */
  get walked(): number {
    return this.#walked;
  }

  /** Open and inside of a candle, before the strategy sees it. */
  beforeClose(index: number): void {
    this.begin(index);
    this.atOpen();
    if (this.account.quantity !== 0) this.#liquidateAt(this.#bar.open);
    this.inside();
    this.atClose();
  }

  /** The first step of a candle: what is held when it begins pays its funding. */
  begin(index: number): void {
    this.#execution.enter(index);
    if (this.#funding !== undefined) this.#fund(this.#funding[index] as number);
  }

  /** The second: what its open fills. */
  atOpen(): void {
    const { open } = this.book;
    const bar = this.#bar;
    const waiting = open.length;
    for (let at = 0; at < waiting; at++) {
      const order = open[at] as Order;
      if (!isOpen(order) || order.asleepIn >= bar.index) continue;
      if (bar.index > order.expiresAt) this.#execution.end(order, 'expired', 'its time is over');
      else if (this.#opensNow(order) && touchAtOpen(order, bar.open)) this.#execution.touched(order, 0);
    }
  }

  /** The third: what is reached within it. */
  inside(): void {
    if (this.#finer !== undefined) this.#throughFiner(this.#finer);
    else {
      if (this.book.open.length > 0 || this.account.quantity !== 0) this.#inside();
      this.#seen();
    }
  }

  /** The last before the strategy is asked: what its close fills. */
  atClose(): void {
    const { index } = this.#bar;
    if (this.#settings.fill === 'next_close')
      this.#fillAtClose((order) => order.bornMove !== 'close' || order.bornIndex < index);
    this.book.tidy();
  }

  /** What is left of a candle after the strategy was asked on its close. */
  afterClose(index: number): void {
    if (this.#bar.index !== index) this.#execution.enter(index);
    if (this.#settings.fill === 'this_close') {
      this.#fillAtClose((order) => order.asleepIn < index);
      this.book.tidy();
    }
    if (this.#execution.hasTrailing) this.#trail();
  }

  /**
   * Cancels what is open, and closes the position at the last close, if the settings say so.
   *
   * @param time at which the data ended, where other markets have later candles.
   */
  finish(index: number, time?: number): void {
    this.#execution.enter(index, time);
    for (const order of this.book.open)
      if (isOpen(order)) this.#execution.end(order, 'expired', 'the data ended');
    this.book.tidy();
    if (this.#settings.closeAtEnd) this.#execution.closeAt(this.#bar.close, 'end_of_data');
  }

  /** Makes an order. @throws StrategyMistakeError */
  order(side: OrderSide, request: OrderRequest, birth: Birth): Order {
    const { known } = birth;
    return this.#execution.placed(this.book.request(side, request, this.#execution.birth ?? birth), known);
  }

  /** Makes an order that leads to a position. @throws StrategyMistakeError */
  target(amount: number, request: OrderRequest, birth: Birth): Order {
    const { known } = birth;
    const price = this.#execution.birth?.price ?? (this.#columns.close[known ?? birth.index] as number);
    const side = amount * this.account.equity(price) > this.account.quantity * price ? 'buy' : 'sell';
    const order = this.book.target(side, amount, request, this.#execution.birth ?? birth);
    return this.#execution.placed(order, known);
  }

  /** Takes an order off the book, because the strategy says so. */
  cancel(order: Order, time: number): void {
    if (isOpen(order)) this.#execution.end(order, 'cancelled', CANCELLED_BY_STRATEGY, time);
  }

  /** Makes the fill of one of these orders cancel the others. */
  group(orders: readonly Order[], time: number): void {
    this.book.group(orders);
    for (const order of orders) this.#observer.ordered(order, 'updated', time);
  }

  /** Those that are open, in the order of their making. */
  openOrders(): Order[] {
    return this.book.open.filter(isOpen);
  }

  /** Hears of each fill, but for those that end the run. */
  listen(listener: FillListener): void {
    this.#execution.onFill = listener;
  }

  /** An estimate of the quantity of an order that is sized when it is filled; 0 or less where there is none. */
  estimate(order: Order, price: number): number {
    if (!Number.isNaN(order.quantity)) return order.quantity;
    const at = Number.isNaN(order.limit) ? (Number.isNaN(order.stop) ? price : order.stop) : order.limit;
    const copy = { ...order };
    if (order.sizing.by === 'target') aim(copy, at, this.account, this.#settings);
    return estimatedQuantity(copy, at, this.account, this.#settings);
  }

  /** How far the price went while the position was held. */
  #seen(): void {
    const { moment, high, low, close } = this.#bar;
    // What the market did before a position was opened within the candle is none of its business.
    if (this.#execution.openedInside === moment) this.account.seen(close, close);
    else this.account.seen(high, low);
  }

  /** The inside of a candle by the finer ones in it. Most candles reach nothing, and are not gone through. */
  #throughFiner({ candles, from, to }: FinerCandles): void {
    const { index } = this.#bar;
    const first = from[index] as number;
    const end = to[index] as number;
    const isReached = this.#nextInside() !== undefined || this.#reachesLiquidation();
    if (first === end || !isReached) {
      this.#inside();
      this.#seen();
      return;
    }
    this.#walked++;
    for (let at = first; at < end; at++) {
      this.#execution.enterFiner(candles, at, index + (at - first) / (end - first));
      // The first opens where the candle does.
      if (at > first) this.#openFiner();
      // Without volume nothing can be filled until the next candle.
      if (this.#execution.hasVolume) this.#inside();
      else if (this.#reachesLiquidation()) this.#liquidateAt(this.account.liquidationPrice());
      this.#seen();
    }
    this.#execution.leaveFiner();
  }

  /** What is on the book is filled by the first price of a finer candle, but for market orders: theirs is that of a candle. */
  #openFiner(): void {
    const { open } = this.book;
    const bar = this.#bar;
    const waiting = this.#execution.hasVolume ? open.length : 0;
    for (let at = 0; at < waiting; at++) {
      const order = open[at] as Order;
      if (order.kind === 'market' || !isOpen(order) || order.asleepIn >= bar.index) continue;
      if (touchAtOpen(order, bar.open)) this.#execution.touched(order, 0);
    }
    if (this.account.quantity !== 0) this.#liquidateAt(bar.open);
  }

  #reachesLiquidation(): boolean {
    const { quantity } = this.account;
    if (quantity === 0) return false;
    const price = this.account.liquidationPrice();
    return quantity > 0 ? this.#bar.low <= price : this.#bar.high >= price;
  }

  /** Market orders wait for a close in two of the three modes; what is left of a part fill goes on at once. */
  #opensNow(order: Order): boolean {
    return order.kind !== 'market' || this.#settings.fill === 'next_open' || order.filled > 0;
  }

  #fillAtClose(isDue: (order: Order) => boolean): void {
    const { open } = this.book;
    const waiting = open.length;
    for (let at = 0; at < waiting; at++) {
      const order = open[at] as Order;
      if (order.kind !== 'market' || !isOpen(order) || !isDue(order)) continue;
      touch.price = this.#bar.close;
      touch.maker = false;
      touch.move = 'open';
      touch.triggerOnly = false;
      this.#execution.touched(order, order.generation, 'close');
    }
  }

  /** Fills what high and low reach, the nearest stop first, until nothing more is reached. */
  #inside(): void {
    const bar = this.#bar;
    for (;;) {
      const order = this.#nextInside();
      const reached = this.#reachesLiquidation();
      const liquidation = reached ? this.#reachedPrice(this.account.liquidationPrice()) : Number.NaN;
      if (reached && (order === undefined || !isNearer(order, liquidation, bar.open))) {
        this.#liquidateAt(liquidation);
        continue;
      }
      if (order === undefined) return;
      order.doneMoment = bar.moment;
      touchInside(order, bar, this.#settings.insideBar === 'target_first');
      this.#execution.touched(order, order.bornMoment === bar.moment ? order.generation : 0);
    }
  }

  /** What another market lost since may have used the margin up at once; then it is at the open, and not at a better price. */
  #reachedPrice(liquidation: number): number {
    const bar = this.#bar;
    if (this.#joint === undefined || this.#execution.openedInside === bar.moment) return liquidation;
    return this.account.quantity > 0 ? Math.min(liquidation, bar.open) : Math.max(liquidation, bar.open);
  }

  #nextInside(): Order | undefined {
    const bar = this.#bar;
    const optimistic = this.#settings.insideBar === 'target_first';
    let best: Order | undefined;
    let bestRank = 0;
    let bestDistance = 0;
    for (const order of this.book.open) {
      if (!isOpen(order) || order.doneMoment === bar.moment || order.asleepIn >= bar.index) continue;
      if (order.bornMoment === bar.moment && order.generation > 1) continue;
      if (!touchInside(order, bar, optimistic)) continue;
      const rank = rankOf(order, optimistic);
      const distance = Math.abs(touch.price - bar.open);
      if (best !== undefined && (rank > bestRank || (rank === bestRank && distance >= bestDistance)))
        continue;
      best = order;
      bestRank = rank;
      bestDistance = distance;
    }
    return best;
  }

  /** Who holds at the start of a candle, before anything is filled in it. */
  #fund(rate: number): void {
    if (rate === 0) return;
    const { account } = this;
    const { open, time } = this.#bar;
    const funded = account.fund(rate, open);
    if (funded !== undefined) this.#observer.funded(funded, account.quantity, rate, open, time);
  }

  #liquidateAt(price: number): void {
    const limit = this.account.liquidationPrice();
    const { quantity } = this.account;
    if (!(quantity > 0 ? price <= limit : price >= limit)) return;
    if (this.#joint !== undefined) {
      this.#joint.liquidate(this.account, price);
      return;
    }
    const equity = this.account.equity(price);
    this.callMargin({ price, equity, gross: Math.abs(quantity * price) });
    this.cancelAll('the position was liquidated', this.#bar.time);
    this.liquidate(price);
  }

  /** Tells that the margin is used up. @param gross what the account holds is worth, long and short added. */
  callMargin({ price, equity, gross }: { price: number; equity: number; gross: number }): void {
    this.#observer.marginCalled(this.account.quantity, price, equity, gross, this.#bar.time);
  }

  /** Closes the position, because the margin is used up. */
  liquidate(price: number): void {
    this.#execution.closeAt(price, 'liquidation');
  }

  /** Takes all orders off the book. */
  cancelAll(reason: string, time: number): void {
    for (const order of this.book.open)
      if (isOpen(order)) this.#execution.end(order, 'cancelled', reason, time);
  }

  #trail(): void {
    const bar = this.#bar;
    let any = false;
    for (const order of this.book.open) {
      if (order.kind !== 'trailing_stop' || !isOpen(order)) continue;
      any = true;
      // Whether the best price of the candle came after an order that was made within it is not known.
      const atOpen = order.bornMove === 'open' && order.bornMoment === bar.index;
      const whole = order.bornIndex < bar.index || atOpen;
      const made = order.bornIndex === bar.index && order.bornMove === 'close' && order.asleepIn < 0;
      if (made) continue;
      const sells = order.side === 'sell';
      const stop = trailedStop(order, whole ? (sells ? bar.high : bar.low) : bar.close);
      if (!(sells ? stop > order.stop : stop < order.stop)) continue;
      order.stop = stop;
      this.#observer.ordered(order, 'updated', bar.time);
    }
    this.#execution.hasTrailing = any;
  }
}

/** Protective stops, then other stops, then limits; with `target_first` targets before all. */
function rankOf({ kind, reduceOnly }: Order, targetFirst: boolean): number {
  const isStop = kind === 'stop' || kind === 'trailing_stop' || kind === 'stop_limit';
  if (!isStop) return targetFirst && reduceOnly ? 0 : 3;
  return reduceOnly ? 1 : 2;
}

/** Whether a stop is reached before another price is. */
function isNearer(order: Order, price: number, open: number): boolean {
  const isStop = order.kind === 'stop' || order.kind === 'trailing_stop' || order.kind === 'stop_limit';
  return isStop && Math.abs(order.stop - open) <= Math.abs(price - open);
}
