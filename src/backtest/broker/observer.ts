import type { FillRow, TradeRow } from '../runs/result.js';
import type { Funded, Position } from './account.js';
import type { Order } from './order.js';

/** A step of an order's life that is no fill. */
export type OrderStep = 'submitted' | 'updated' | 'cancelled' | 'expired' | 'rejected';

/** Hears what happens on the book and in the account, in the order in which it happens. Times are the candle's. */
export interface BrokerObserver {
  ordered(order: Order, step: OrderStep, time: number): void;
  /** @param equity at the fill's price. @param trade what the fill closed. */
  filled(order: Order, fill: FillRow, equity: number, trade: TradeRow | undefined): void;
  opened(position: Position, fill: FillRow): void;
  /** A position became larger or smaller, and is still open. */
  changed(position: Position, quantity: number, price: number, time: number): void;
  /** A funding rate was paid or received on what is held. */
  funded(funded: Funded, quantity: number, rate: number, price: number, time: number): void;
  traded(trade: TradeRow, whole: boolean): void;
  closed(position: Position, trade: TradeRow): void;
  /**
   * The account's margin is used up; its position is about to be liquidated.
   *
   * @param equity at the price. @param gross what all its positions are worth, long and short added.
   */
  marginCalled(quantity: number, price: number, equity: number, gross: number, time: number): void;
}
