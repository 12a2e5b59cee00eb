import type { DataOf, DomainEvent } from '../../faces/define.js';
import type { StoreReader } from '../../faces/store.js';
import {
  type BacktestTradeExecuted,
  OrderCancelled,
  OrderExecuted,
  OrderFailed,
  OrderPlaced,
} from '../../trading/index.js';
import { orderId } from '../runs/order-events.js';
import type { OrderRow } from '../runs/result.js';
import { numberIn } from './replay.js';

type Writable = { -readonly [Field in keyof OrderRow]: OrderRow[Field] };

/** The orders of a run of the level `full`, each from its own events. */
export function placedOrders(reader: StoreReader, backtestId: string, time: Float64Array): OrderRow[] {
  const rows: OrderRow[] = [];
  // Numbers have no gap: each order is told from its placing on.
  for (let number = 1; ; number++) {
    const events = [...reader.read({ aggregateId: orderId(backtestId, number) })];
    if (events.length === 0) return rows;
    rows.push(orderOf(number, events, time));
  }
}

function orderOf(number: number, events: readonly DomainEvent[], time: Float64Array): OrderRow {
  const [first] = events as [DomainEvent];
  const row: Writable = { ...EMPTY, number, time: first.occurredAt, index: indexAt(time, first.occurredAt) };
  let value = 0;
  for (const { type, data, occurredAt } of events) {
    switch (type) {
      case OrderPlaced.type:
        placed(row, data as DataOf<typeof OrderPlaced>, time);
        break;
      case OrderExecuted.type: {
        const { executed_quantity, executed_price, execution_fee, remaining_quantity } = data as DataOf<
          typeof OrderExecuted
        >;
        row.filledQuantity += Number(executed_quantity);
        value += Number(executed_quantity) * Number(executed_price);
        row.averagePrice = value / row.filledQuantity;
        row.commission += Number(execution_fee);
        row.status = Number(remaining_quantity) === 0 ? 'filled' : 'partially_filled';
        if (row.status === 'filled') row.endTime = occurredAt;
        break;
      }
      case OrderCancelled.type: {
        const { cancellation_reason, exec_type } = data as DataOf<typeof OrderCancelled>;
        row.status = exec_type === 'expired' ? 'expired' : 'cancelled';
        row.reason = cancellation_reason;
        row.endTime = occurredAt;
        break;
      }
      case OrderFailed.type: {
        const { failure_reason, error_details } = data as DataOf<typeof OrderFailed>;
        row.status = 'rejected';
        row.reason = failure_reason;
        row.endTime = occurredAt;
        if (error_details !== undefined) denied(row, error_details, time);
      }
    }
  }
  return row;
}

function placed(row: Writable, data: DataOf<typeof OrderPlaced>, time: Float64Array): void {
  const { group, tag, estimated, placed_timestamp } = data.order_metadata ?? {};
  if (typeof placed_timestamp === 'number') madeAt(row, placed_timestamp, time);
  row.kind = data.order_type;
  row.side = data.side;
  row.quantity = estimated === true ? null : Number(data.quantity);
  row.limitPrice = data.price === undefined ? null : Number(data.price);
  row.stopPrice = data.stop_price === undefined ? null : Number(data.stop_price);
  row.group = typeof group === 'number' ? group : null;
  row.tag = typeof tag === 'string' ? tag : null;
}

/** An order that came to a quantity after its making says when that was. */
function madeAt(row: Writable, at: number, time: Float64Array): void {
  row.time = at;
  row.index = indexAt(time, at);
}

/** An order that came to no quantity is told by its end alone. */
function denied(row: Writable, details: Readonly<Record<string, unknown>>, time: Float64Array): void {
  const { order_type, side, status, placed_timestamp, price, stop_price, group, tag } = details;
  row.kind = order_type as OrderRow['kind'];
  row.side = side as OrderRow['side'];
  row.status = status as OrderRow['status'];
  madeAt(row, placed_timestamp as number, time);
  row.limitPrice = typeof price === 'number' ? price : null;
  row.stopPrice = typeof stop_price === 'number' ? stop_price : null;
  row.group = typeof group === 'number' ? group : null;
  row.tag = typeof tag === 'string' ? tag : null;
}

/** When a run is over no order is open; below the level `full` the log of a sweep's run does not say what became of a rest. */
const UNKNOWN_END = 'the rest was cancelled or has expired: the log does not say when and why';

/**
 * The orders that were filled, from their fills: below the level `full` the log has no others.
 *
 * @param cuts how the rest of an order ended, by its number, as far as it is known.
 */
export function filledOrders(
  executed: readonly DataOf<typeof BacktestTradeExecuted>[],
  time: Float64Array,
  cuts: ReadonlyMap<number, Pick<OrderRow, 'status' | 'endTime' | 'reason'>>,
): OrderRow[] {
  const rows = new Map<number, Writable>();
  const values = new Map<number, number>();
  for (const data of executed) {
    const number = numberIn(data.order_id);
    const at = data.execution_timestamp;
    const row = rows.get(number) ?? { ...EMPTY, number, time: at, index: indexAt(time, at) };
    const rest = data.remaining_quantity ?? 0;
    const value = (values.get(number) ?? 0) + data.execution_quantity * data.execution_price;
    values.set(number, value);
    row.kind = data.order_type ?? 'market';
    row.side = data.trade_type;
    row.filledQuantity += data.execution_quantity;
    row.quantity = row.filledQuantity + rest;
    row.averagePrice = value / row.filledQuantity;
    row.commission += data.commission;
    const cut = cuts.get(number);
    row.status = rest === 0 ? 'filled' : (cut?.status ?? 'partially_filled');
    row.endTime = rest === 0 ? at : (cut?.endTime ?? null);
    row.reason = rest === 0 ? null : cut === undefined ? UNKNOWN_END : cut.reason;
    row.tag = data.order_tag ?? null;
    rows.set(number, row);
  }
  return [...rows.values()].sort((a, b) => a.number - b.number);
}

const EMPTY: OrderRow = {
  number: 0,
  kind: 'market',
  side: 'buy',
  status: 'open',
  time: 0,
  index: 0,
  endTime: null,
  quantity: null,
  filledQuantity: 0,
  averagePrice: null,
  limitPrice: null,
  stopPrice: null,
  commission: 0,
  group: null,
  reason: null,
  tag: null,
};

/** The first bar at or after a time, by halves. */
function indexAt(time: Float64Array, at: number): number {
  let low = 0;
  let high = time.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((time[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
