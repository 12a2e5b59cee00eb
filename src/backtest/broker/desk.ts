import type { FinerCandles } from '../candles/finer.js';
import type { RunSettings } from '../runs/result.js';
import { type Account, Purse } from './account.js';
import { Broker } from './broker.js';
import type { Columns, Joint } from './execution.js';
import type { BrokerObserver } from './observer.js';

/** What a market of a desk is made of. */
export interface DeskMarket {
  readonly columns: Columns;
  readonly observer: BrokerObserver;
  readonly finer?: FinerCandles | undefined;
}

/** A market at the desk, and how far it was walked. */
interface Seat {
  readonly broker: Broker;
  readonly columns: Columns;
  /** Its last candle that has begun; -1 before the first. */
  index: number;
  /** Whether that one began at the time that the desk is at. */
  isNew: boolean;
}

/**
 * The brokers of several markets with one account. At each time they go through the steps of a candle together, each step in
 * the order of the markets: opens are known at once, what happens within a candle is known in no order, and closes are known
 * at once. Within a candle the others are worth what they opened at.
 */
export class Desk {
  readonly purse: Purse;
  readonly seats: readonly Seat[];
  readonly #margin: number;
  #time = 0;

  constructor(settings: RunSettings, markets: readonly DeskMarket[]) {
    this.purse = new Purse(settings);
    this.#margin = settings.maintenanceMargin;
    const joint: Joint = {
      purse: this.purse,
      numbers: { orders: 0, groups: 0, fills: 0 },
      liquidate: (of, price) => this.#liquidate(of, price),
    };
    this.seats = markets.map(({ columns, observer, finer }) => {
      const broker = new Broker(settings, columns, observer, finer, joint);
      return { broker, columns, index: -1, isNew: false };
    });
  }

  /** Time of the candles that it is in. */
  get time(): number {
    return this.#time;
  }

  /** All of a time before the strategy sees it. A market without a candle then keeps its price, and nothing of it is filled. */
  beforeClose(time: number): void {
    this.#time = time;
    const { seats } = this;
    for (const seat of seats) {
      const { broker, columns } = seat;
      seat.isNew = columns.time[seat.index + 1] === time;
      if (!seat.isNew) continue;
      seat.index++;
      broker.account.mark = columns.open[seat.index] as number;
    }
    for (const { broker, index, isNew } of seats) if (isNew) broker.begin(index);
    for (const { broker, isNew } of seats) if (isNew && broker.book.open.length > 0) broker.atOpen();
    this.#checkMargin();
    for (const { broker, isNew } of seats) if (isNew && !broker.idle) broker.inside();
    for (const { broker, columns, index, isNew } of seats)
      if (isNew) broker.account.mark = columns.close[index] as number;
    this.#checkMargin();
    for (const { broker, isNew } of seats) if (isNew) broker.atClose();
  }

  /** What is left of it after the strategy was asked. */
  afterClose(): void {
    for (const { broker, index, isNew } of this.seats)
      if (isNew && broker.book.open.length > 0) broker.afterClose(index);
  }

  /** The end of all markets; those that ended earlier are closed at their last price as well. */
  finish(): void {
    for (const { broker, index } of this.seats) if (index >= 0) broker.finish(index, this.#time);
  }

  /** The account as a whole, where all prices are known at once. */
  #checkMargin(): void {
    const gross = this.purse.gross();
    if (gross === 0 || this.purse.equity() > this.#margin * gross) return;
    const first = this.seats.find(({ broker, isNew }) => isNew && broker.account.quantity !== 0);
    if (first) this.#liquidate(first.broker.account, first.broker.account.mark);
  }

  /** What has a candle now is closed; the rest at the next price that there is, if it must be then. */
  #liquidate(of: Account, price: number): void {
    const before = of.mark;
    of.mark = price;
    const equity = this.purse.equity();
    const gross = this.purse.gross();
    const held = this.seats.filter(({ broker, isNew }) => isNew && broker.account.quantity !== 0);
    for (const { broker } of held) broker.callMargin({ price: broker.account.mark, equity, gross });
    for (const { broker } of this.seats) broker.cancelAll('the account was liquidated', this.#time);
    for (const { broker } of held) broker.liquidate(broker.account.mark);
    of.mark = before;
  }
}
