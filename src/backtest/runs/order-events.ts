import type { NewEvent } from '../../faces/define.js';
import {
  decimalFromNumber,
  OrderCancelled,
  OrderExecuted,
  OrderFailed,
  OrderPlaced,
  PositionUpdated,
  TradeCompleted,
} from '../../trading/index.js';
import type { Position } from '../broker/account.js';
import type { OrderStep } from '../broker/observer.js';
import type { Order } from '../broker/order.js';
import type { FillRow, TradeRow } from './result.js';

/** Takes the events of a backtest: `ctx.emit` of a handler, or `push` of an array. */
export type Emit = (event: NewEvent) => void;

/** What identifies a backtest in each of its events. */
export interface BacktestIds {
  readonly backtest_id: string;
  readonly strategy_id: string;
  readonly symbol: string;
}

/** What the level `full` tells besides the fills and positions: each step of an order, and of a position. */
export class OrderEvents {
  readonly #ids: BacktestIds;
  readonly #emit: Emit;

  constructor(ids: BacktestIds, emit: Emit) {
    this.#ids = ids;
    this.#emit = emit;
  }

  /** @param quantity what the order is for; an estimate until it is sized. */
  step(order: Order, step: OrderStep, time: number, quantity: number): void {
    if (step === 'submitted' || step === 'updated') this.#placed(order, step, time, quantity);
    else if (step === 'rejected') this.#failed(order, time);
    else this.#cancelled(order, step, time);
  }

  filled(order: Order, fill: FillRow): void {
    const { backtest_id } = this.#ids;
    const rest = order.status === 'filled' ? 0 : Math.max(0, order.quantity - order.filled);
    const data = {
      ...this.#ids,
      order_id: orderId(backtest_id, order.number),
      trade_id: `${backtest_id}/trade-${fill.number}`,
      side: fill.side,
      executed_quantity: decimalFromNumber(fill.quantity),
      executed_price: decimalFromNumber(fill.price),
      execution_fee: decimalFromNumber(fill.commission),
      execution_timestamp: fill.time,
      remaining_quantity: decimalFromNumber(rest),
      exec_type: rest === 0 ? ('filled' as const) : ('partially_filled' as const),
    };
    this.#emit(OrderExecuted(data, { occurredAt: fill.time }));
  }

  changed(position: Position, quantity: number, price: number, time: number): void {
    const held = Math.abs(quantity);
    const profit = (price - position.entryPrice) * quantity;
    const data = {
      ...this.#ids,
      position_id: `${this.#ids.backtest_id}/position-${position.number}`,
      current_price: decimalFromNumber(price),
      unrealized_pnl: decimalFromNumber(profit),
      unrealized_pnl_percent: decimalFromNumber((profit / (position.entryPrice * held)) * 100),
      updated_fields: {
        quantity: decimalFromNumber(held),
        entry_price: decimalFromNumber(position.entryPrice),
      },
    };
    this.#emit(PositionUpdated(data, { occurredAt: time }));
  }

  traded(trade: TradeRow, whole: boolean): void {
    const data = {
      ...this.#ids,
      trade_id: `${this.#ids.backtest_id}/round-trip-${trade.number}`,
      side: trade.side,
      trade_type: whole ? ('round_trip' as const) : ('partial' as const),
      entry_price: decimalFromNumber(trade.entryPrice),
      exit_price: decimalFromNumber(trade.exitPrice),
      quantity: decimalFromNumber(trade.quantity),
      profit_loss: decimalFromNumber(trade.profit),
      profit_loss_percent: decimalFromNumber(trade.profitFraction * 100),
      commission_total: decimalFromNumber(trade.commission),
      holding_duration_seconds: trade.holdingMs / 1000,
      entry_timestamp: trade.entryTime,
      exit_timestamp: trade.exitTime,
    };
    this.#emit(TradeCompleted(data, { occurredAt: trade.exitTime }));
  }

  #placed(order: Order, step: 'submitted' | 'updated', time: number, quantity: number): void {
    // An order for less than nothing cannot be told; it is rejected in the same candle, and that is told.
    if (!(quantity > 0)) return;
    const { sizing, limit, stop } = order;
    const sized = 'amount' in sizing ? { sized_by: sizing.by, size: sizing.amount } : { sized_by: sizing.by };
    const data = {
      ...this.#ids,
      order_id: orderId(this.#ids.backtest_id, order.number),
      order_type: order.kind,
      side: order.side,
      quantity: decimalFromNumber(quantity),
      ...(limit > 0 && { price: decimalFromNumber(limit) }),
      ...(stop > 0 && { stop_price: decimalFromNumber(stop) }),
      order_metadata: {
        ...sized,
        reduce_only: order.reduceOnly,
        ...(order.group > 0 && { group: order.group }),
        ...(order.tag !== null && { tag: order.tag }),
        ...(order.trail > 0 && { trail: order.trail }),
        ...(order.trailFraction > 0 && { trail_fraction: order.trailFraction }),
      },
      exec_type: step,
    };
    this.#emit(OrderPlaced(data, { occurredAt: time }));
  }

  #cancelled(order: Order, step: 'cancelled' | 'expired', time: number): void {
    const data = {
      ...this.#ids,
      order_id: orderId(this.#ids.backtest_id, order.number),
      cancellation_reason: order.reason ?? '',
      cancelled_by: step === 'expired' ? 'market' : 'strategy',
      ...(order.quantity >= order.filled && {
        remaining_quantity: decimalFromNumber(order.quantity - order.filled),
      }),
      exec_type: step === 'expired' ? ('expired' as const) : ('canceled' as const),
    };
    this.#emit(OrderCancelled(data, { occurredAt: time }));
  }

  #failed(order: Order, time: number): void {
    const data = {
      ...this.#ids,
      order_id: orderId(this.#ids.backtest_id, order.number),
      failure_reason: order.reason ?? '',
      exec_type: 'rejected' as const,
    };
    this.#emit(OrderFailed(data, { occurredAt: time }));
  }
}

export function orderId(backtestId: string, number: number): string {
  return `${backtestId}/order-${number}`;
}
