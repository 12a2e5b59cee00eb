import type { NewEvent } from '../../faces/define.js';
import {
  decimalFromNumber,
  MarginCallTriggered,
  OrderCancelled,
  OrderExecuted,
  OrderFailed,
  OrderPlaced,
  PositionUpdated,
  TradeCompleted,
} from '../../trading/index.js';
import type { Funded, Position } from '../broker/account.js';
import type { OrderStep } from '../broker/observer.js';
import { CANCELLED_BY_STRATEGY, type Order } from '../broker/order.js';
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
  /** Orders that came to no quantity when they were made, and could not be told therefore. */
  readonly #untold = new Set<number>();

  constructor(ids: BacktestIds, emit: Emit) {
    this.#ids = ids;
    this.#emit = emit;
  }

  /** @param quantity what the order is for; an estimate until it is sized. */
  step(order: Order, step: OrderStep, time: number, quantity: number): void {
    if (step === 'submitted' || step === 'updated') this.#placed(order, step, time, quantity);
    else if (step === 'rejected' || this.#untold.has(order.number)) this.#failed(order, step, time);
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
      executed_quantity: text(fill.quantity),
      executed_price: text(fill.price),
      execution_fee: text(fill.commission),
      execution_timestamp: fill.time,
      remaining_quantity: text(rest),
      exec_type: rest === 0 ? ('filled' as const) : ('partially_filled' as const),
    };
    this.#emit(OrderExecuted(data, { occurredAt: fill.time }));
  }

  changed(position: Position, quantity: number, price: number, time: number): void {
    const fields = { quantity: text(Math.abs(quantity)), entry_price: text(position.entryPrice) };
    this.#updated(position, quantity, price, time, fields);
  }

  funded({ position, amount }: Funded, quantity: number, rate: number, price: number, time: number): void {
    this.#updated(position, quantity, price, time, { funding: text(amount), funding_rate: text(rate) });
  }

  #updated(
    position: Position,
    quantity: number,
    price: number,
    time: number,
    fields: Readonly<Record<string, string>>,
  ): void {
    const held = Math.abs(quantity);
    const profit = (price - position.entryPrice) * quantity;
    const data = {
      ...this.#ids,
      position_id: `${this.#ids.backtest_id}/position-${position.number}`,
      current_price: text(price),
      unrealized_pnl: text(profit),
      unrealized_pnl_percent: text((profit / (position.entryPrice * held)) * 100),
      updated_fields: fields,
    };
    this.#emit(PositionUpdated(data, { occurredAt: time }));
  }

  /** @param size what all positions of the account are worth, long and short added. */
  marginCalled(value: number, equity: number, size: number, required: number, time: number): void {
    const data = {
      ...this.#ids,
      current_margin_ratio: text(equity / size),
      required_margin_ratio: text(required),
      position_value: text(value),
      available_margin: text(equity - required * size),
      liquidation_risk: true,
    };
    this.#emit(MarginCallTriggered(data, { occurredAt: time }));
  }

  traded(trade: TradeRow, whole: boolean): void {
    const data = {
      ...this.#ids,
      trade_id: `${this.#ids.backtest_id}/round-trip-${trade.number}`,
      side: trade.side,
      trade_type: whole ? ('round_trip' as const) : ('partial' as const),
      entry_price: text(trade.entryPrice),
      exit_price: text(trade.exitPrice),
      quantity: text(trade.quantity),
      profit_loss: text(trade.profit),
      profit_loss_percent: text(trade.profitFraction * 100),
      commission_total: text(trade.commission),
      ...(trade.funding !== undefined && { funding_total: text(trade.funding) }),
      holding_duration_seconds: trade.holdingMs / 1000,
      entry_timestamp: trade.entryTime,
      exit_timestamp: trade.exitTime,
    };
    this.#emit(TradeCompleted(data, { occurredAt: trade.exitTime }));
  }

  #placed(order: Order, step: 'submitted' | 'updated', time: number, quantity: number): void {
    if (!(quantity > 0)) {
      this.#untold.add(order.number);
      return;
    }
    const isFirst = this.#untold.delete(order.number);
    const { limit, stop } = order;
    const data = {
      ...this.#ids,
      order_id: orderId(this.#ids.backtest_id, order.number),
      order_type: order.kind,
      side: order.side,
      quantity: text(quantity),
      ...(limit > 0 && { price: text(limit) }),
      ...(stop > 0 && { stop_price: text(stop) }),
      order_metadata: { ...metadataOf(order), ...(isFirst && { placed_timestamp: order.time }) },
      exec_type: isFirst ? ('submitted' as const) : step,
    };
    this.#emit(OrderPlaced(data, { occurredAt: time }));
  }

  #cancelled(order: Order, step: 'cancelled' | 'expired', time: number): void {
    const data = {
      ...this.#ids,
      order_id: orderId(this.#ids.backtest_id, order.number),
      cancellation_reason: order.reason ?? '',
      cancelled_by: cancelledBy(order, step),
      ...(order.quantity >= order.filled && {
        remaining_quantity: text(order.quantity - order.filled),
      }),
      exec_type: step === 'expired' ? ('expired' as const) : ('canceled' as const),
    };
    this.#emit(OrderCancelled(data, { occurredAt: time }));
  }

  /** An order that was never told was never on the book: all that is known of it is told with its end. */
  #failed(order: Order, step: 'rejected' | 'cancelled' | 'expired', time: number): void {
    const untold = this.#untold.delete(order.number);
    const data = {
      ...this.#ids,
      order_id: orderId(this.#ids.backtest_id, order.number),
      failure_reason: order.reason ?? '',
      ...(untold && {
        error_details: {
          status: step,
          order_type: order.kind,
          side: order.side,
          placed_timestamp: order.time,
          ...(order.limit > 0 && { price: order.limit }),
          ...(order.stop > 0 && { stop_price: order.stop }),
          ...metadataOf(order),
        },
      }),
      exec_type: untold ? ('denied' as const) : ('rejected' as const),
    };
    this.#emit(OrderFailed(data, { occurredAt: time }));
  }
}

/** How its size was said, and what else the fields of an order have no place for. */
function metadataOf(order: Order) {
  const { sizing, expiresAt, bornIndex } = order;
  return {
    sized_by: sizing.by,
    ...('amount' in sizing && { size: sizing.amount }),
    ...(Number.isNaN(order.quantity) && { estimated: true }),
    reduce_only: order.reduceOnly,
    ...(order.group > 0 && { group: order.group }),
    ...(order.tag !== null && { tag: order.tag }),
    ...(order.trail > 0 && { trail: order.trail }),
    ...(order.trailFraction > 0 && { trail_fraction: order.trailFraction }),
    ...(order.triggered && { triggered: true }),
    ...(Number.isFinite(expiresAt) && { expire_after: expiresAt - bornIndex }),
  };
}

function cancelledBy({ reason }: Order, step: 'cancelled' | 'expired'): string {
  if (step === 'expired') return 'market';
  return reason === CANCELLED_BY_STRATEGY ? 'strategy' : 'broker';
}

/** Below this a double is what a sum has left of two that were equal; its decimal text would be longer than one may be. */
const RESIDUE = 1e-20;

function text(number: number): string {
  return decimalFromNumber(Math.abs(number) < RESIDUE ? 0 : number);
}

export function orderId(backtestId: string, number: number): string {
  return `${backtestId}/order-${number}`;
}
