import type { Order } from '../broker/order.js';
import type { OrderRow } from './result.js';

/** An order as a result shows it. */
export function orderRow(order: Order): OrderRow {
  return {
    number: order.number,
    kind: order.kind,
    side: order.side,
    status: order.status,
    time: order.time,
    index: order.bornIndex,
    endTime: order.endTime,
    quantity: known(order.quantity),
    filledQuantity: order.filled,
    averagePrice: order.filled > 0 ? order.filledValue / order.filled : null,
    limitPrice: known(order.limit),
    stopPrice: known(order.stop),
    commission: order.commission,
    group: order.group > 0 ? order.group : null,
    reason: order.reason,
    tag: order.tag,
  };
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
