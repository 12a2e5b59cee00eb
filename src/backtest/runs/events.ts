import type { DataOf } from '../../faces/define.js';
import {
  BacktestPositionClosed,
  BacktestPositionOpened,
  BacktestSignalGenerated,
  BacktestTradeExecuted,
} from '../../trading/index.js';
import type { Funded, Position } from '../broker/account.js';
import type { BrokerObserver, OrderStep } from '../broker/observer.js';
import type { Order } from '../broker/order.js';
import type { SignalDetails } from '../strategies/context.js';
import { type BacktestIds, type Emit, OrderEvents, orderId } from './order-events.js';
import type { FillRow, RecordingLevel, TradeRow } from './result.js';

type Writable<Data> = { -readonly [Field in keyof Data]: Data[Field] };

/** What a run leaves in memory: rows for a result, or only what the statistics need. */
export interface RunRows {
  readonly trades: TradeRow[];
  readonly fills: FillRow[];
  readonly orders: Order[];
  /** Of each order, where there are several markets. */
  readonly orderMarkets?: string[];
}

/** Where the rows of one of several markets belong. */
export interface RowPlace {
  /** Those of all markets, and the market of each order. */
  readonly rows: RunRows & { readonly orderMarkets: string[] };
  readonly market: string;
  /** Index on the clock of all markets. */
  readonly indexAt: (time: number) => number;
}

/**
 * Writes a run down: rows in memory, events by its recording level. Field by field: a spread costs a microsecond an event.
 */
export class RunEvents implements BrokerObserver {
  readonly rows: RunRows;
  readonly #place: RowPlace | undefined;
  readonly #ids: BacktestIds;
  readonly #emit: Emit | undefined;
  readonly #full: OrderEvents | undefined;
  readonly #keep: boolean;
  readonly #estimate: (order: Order) => number;
  readonly #maintenanceMargin: number;

  /** @param keep whether orders and fills are wanted besides the events. @param estimate the quantity of an order that is not sized yet. @param place of one of several markets. */
  constructor(
    ids: BacktestIds,
    level: RecordingLevel,
    emit: Emit | undefined,
    keep: boolean,
    estimate: (order: Order) => number,
    maintenanceMargin = 0,
    place?: RowPlace,
  ) {
    this.#place = place;
    this.rows = place?.rows ?? { trades: [], fills: [], orders: [] };
    this.#maintenanceMargin = maintenanceMargin;
    this.#ids = ids;
    this.#emit = level === 'summary' ? undefined : emit;
    this.#full = level === 'full' && emit !== undefined ? new OrderEvents(ids, emit) : undefined;
    this.#keep = keep;
    this.#estimate = estimate;
  }

  signal(type: 'BUY' | 'SELL' | 'HOLD', details: SignalDetails, time: number, price: number): void {
    if (this.#emit === undefined) return;
    const { backtest_id, strategy_id, symbol } = this.#ids;
    const { reason, strength = 1, indicators } = details;
    const data: Writable<DataOf<typeof BacktestSignalGenerated>> = {
      backtest_id,
      strategy_id,
      symbol,
      signal_timestamp: time,
      signal_type: type,
      signal_price: price,
      signal_strength: Math.min(1, Math.max(0, strength)),
      signal_reason: reason,
    };
    if (indicators !== undefined) data.technical_indicators = indicators;
    this.#emit(BacktestSignalGenerated(data, { occurredAt: time }));
  }

  ordered(order: Order, step: OrderStep, time: number): void {
    if (this.#keep && step === 'submitted') {
      this.rows.orders.push(order);
      this.#place?.rows.orderMarkets.push(this.#place.market);
    }
    if (this.#full === undefined) return;
    this.#full.step(
      order,
      step,
      time,
      step === 'submitted' || step === 'updated' ? this.#estimate(order) : 0,
    );
  }

  filled(order: Order, fill: FillRow, equity: number, trade: TradeRow | undefined): void {
    if (this.#place !== undefined) {
      const { market, indexAt } = this.#place;
      Object.assign(fill, { index: indexAt(fill.time), market });
    }
    if (this.#keep) this.rows.fills.push(fill);
    if (this.#emit === undefined) return;
    this.#full?.filled(order, fill);
    const { backtest_id, strategy_id, symbol } = this.#ids;
    const rest = order.status === 'filled' ? 0 : Math.max(0, order.quantity - order.filled);
    const data: Writable<DataOf<typeof BacktestTradeExecuted>> = {
      backtest_id,
      strategy_id,
      symbol,
      trade_id: `${backtest_id}/trade-${fill.number}`,
      trade_type: fill.side,
      execution_timestamp: fill.time,
      execution_price: fill.price,
      execution_quantity: fill.quantity,
      commission: fill.commission,
      current_capital: equity,
      current_position: fill.positionAfter,
      order_id: orderId(backtest_id, fill.order),
    };
    if (order.kind !== 'market') data.order_type = order.kind;
    if (fill.slippage > 0) data.slippage = fill.slippage;
    if (fill.maker) data.is_maker = true;
    if (rest > 0) data.remaining_quantity = rest;
    if (order.tag !== null) data.order_tag = order.tag;
    if (trade !== undefined) {
      data.closure_reason = trade.reason;
      data.profit_loss = trade.profit;
      data.adverse_excursion = trade.worst;
      data.favorable_excursion = trade.best;
      if (trade.funding !== undefined) data.funding = trade.funding;
    }
    this.#emit(BacktestTradeExecuted(data, { occurredAt: fill.time }));
  }

  opened(position: Position, fill: FillRow): void {
    if (this.#emit === undefined) return;
    const { backtest_id, strategy_id, symbol } = this.#ids;
    const size = Math.abs(fill.positionAfter);
    this.#emit(
      BacktestPositionOpened(
        {
          backtest_id,
          strategy_id,
          symbol,
          position_id: `${backtest_id}/position-${position.number}`,
          entry_timestamp: fill.time,
          entry_price: fill.price,
          position_size: size,
          position_value: size * fill.price,
          side: position.side,
        },
        { occurredAt: fill.time },
      ),
    );
  }

  changed(position: Position, quantity: number, price: number, time: number): void {
    this.#full?.changed(position, quantity, price, time);
  }

  funded(funded: Funded, quantity: number, rate: number, price: number, time: number): void {
    this.#full?.funded(funded, quantity, rate, price, time);
  }

  traded(trade: TradeRow, whole: boolean): void {
    if (this.#place !== undefined) {
      const { market, indexAt } = this.#place;
      const { entryTime, exitTime } = trade;
      Object.assign(trade, { entryIndex: indexAt(entryTime), exitIndex: indexAt(exitTime), market });
    }
    this.rows.trades.push(trade);
    this.#full?.traded(trade, whole);
  }

  marginCalled(quantity: number, price: number, equity: number, gross: number, time: number): void {
    this.#full?.marginCalled(quantity * price, equity, gross, this.#maintenanceMargin, time);
  }

  closed(position: Position, trade: TradeRow): void {
    if (this.#emit === undefined) return;
    const { backtest_id, strategy_id, symbol } = this.#ids;
    this.#emit(
      BacktestPositionClosed(
        {
          backtest_id,
          strategy_id,
          symbol,
          position_id: `${backtest_id}/position-${position.number}`,
          exit_timestamp: trade.exitTime,
          exit_price:
            position.exited === trade.quantity ? trade.exitPrice : position.exitValue / position.exited,
          position_size: position.exited,
          profit_loss: position.profit,
          profit_loss_percent: position.closedCost === 0 ? 0 : (position.profit / position.closedCost) * 100,
          holding_duration_seconds: trade.holdingMs / 1000,
          closure_reason: trade.reason,
          side: position.side,
          commission: position.commission,
          ...(trade.funding !== undefined && { funding: position.funding }),
        },
        { occurredAt: trade.exitTime },
      ),
    );
  }
}
