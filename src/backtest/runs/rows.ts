import type { Order } from '../broker/order.js';
import type { RunPlan } from './plan.js';
import type { FinerUse, OrderRow } from './result.js';
import type { Simulated } from './simulate.js';

/** All orders of a run. */
export function orderRows({ rows, indexAt }: Simulated): OrderRow[] {
  const { orders, orderMarkets } = rows;
  if (orderMarkets === undefined || indexAt === undefined) return orders.map(orderRow);
  return orders.map((order, at) => {
    return { ...orderRow(order), index: indexAt(order.time), market: orderMarkets[at] as string };
  });
}

/** How far finer candles decided; of several markets all together. */
export function finerUse({ market }: RunPlan, { brokers }: Simulated): FinerUse | null {
  const finers = (market.parts ?? [market]).flatMap(({ finer }) => finer ?? []);
  if (finers.length === 0) return null;
  return {
    timeframe: [...new Set(finers.map(({ timeframe }) => timeframe))].join(', '),
    covered: finers.reduce((sum, { covered }) => sum + covered, 0),
    decided: brokers.reduce((sum, { walked }) => sum + walked, 0),
  };
}

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
