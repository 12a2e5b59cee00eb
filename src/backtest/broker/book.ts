import { MAX_OPEN_ORDERS } from '../runs/limits.js';
import type { FillMode, OrderKind, OrderSide } from '../runs/result.js';
import {
  checkRequest,
  type Exits,
  exitsOf,
  isOpen,
  kindOf,
  type Order,
  type OrderRequest,
  type Sizing,
  sizingOf,
} from './order.js';
import { StrategyMistakeError } from './strategy-mistake.js';

/** When and where an order is made. */
export interface Birth {
  readonly index: number;
  /** Of the bar; the index, unless it is within finer candles. */
  readonly moment: number;
  readonly time: number;
  /** NaN on a close. */
  readonly price: number;
  readonly move: Order['bornMove'];
  readonly generation: number;
  /**
   * Of an order made in the fill of another market: the last of its own candles that is known. Nobody knows what the one under
   * way had seen by then, so the order sleeps through it.
   */
  readonly known?: number;
}

/** The last number that was given to an order, a group and a fill; markets of one run have them in common. */
export interface Numbers {
  orders: number;
  groups: number;
  fills: number;
}

/** What the book needs to know of an order besides its request. */
interface Draft {
  readonly side: OrderSide;
  readonly kind: OrderKind;
  readonly sizing: Sizing;
  readonly request: OrderRequest;
  readonly reduceOnly: boolean;
  readonly group: number;
}

/** The orders of a run that are open, in the order of their making. Makes them, and keeps their numbers. */
export class Book {
  readonly open: Order[] = [];
  readonly fill: FillMode;
  /** Whether one of them is open no longer. */
  hasEnded = false;
  readonly #tickSize: number;
  readonly #numbers: Numbers;

  constructor(fill: FillMode, tickSize: number, numbers: Numbers) {
    this.fill = fill;
    this.#tickSize = tickSize;
    this.#numbers = numbers;
  }

  /** @throws StrategyMistakeError when the request is not of the documented form, or there are too many orders. */
  request(side: OrderSide, request: OrderRequest, birth: Birth): Order {
    checkRequest(request);
    const reduceOnly = request.reduceOnly ?? false;
    const sized = request.quantity ?? request.value ?? request.fraction ?? request.risk;
    const sizing: Sizing = reduceOnly && sized === undefined ? { by: 'position' } : sizingOf(request);
    return this.#add({ side, kind: kindOf(request), sizing, request, reduceOnly, group: 0 }, birth);
  }

  /** An order for the market that leads to a position of this fraction of the equity. */
  target(side: OrderSide, amount: number, request: OrderRequest, birth: Birth): Order {
    checkRequest(request);
    return this.#add(
      { side, kind: 'market', sizing: { by: 'target', amount }, request, reduceOnly: false, group: 0 },
      birth,
    );
  }

  /** The exits of a position that an order has opened at a price: one group, all of them reduce only. */
  exits(entry: Order, exits: Exits, price: number, birth: Birth): Order[] {
    const { side } = entry;
    const leave: OrderSide = side === 'buy' ? 'sell' : 'buy';
    const sign = side === 'buy' ? 1 : -1;
    const requests: [OrderKind, OrderRequest][] = [];
    const { stopLossFraction, takeProfitFraction, trailing, trailingFraction } = exits;
    const stop = exits.stopLoss ?? (stopLossFraction && price * (1 - sign * stopLossFraction));
    const limit = exits.takeProfit ?? (takeProfitFraction && price * (1 + sign * takeProfitFraction));
    if (stop !== undefined) requests.push(['stop', { stop }]);
    if (trailing !== undefined) requests.push(['trailing_stop', { trail: trailing }]);
    if (trailingFraction !== undefined) requests.push(['trailing_stop', { trailFraction: trailingFraction }]);
    if (limit !== undefined) requests.push(['take_profit', { limit }]);
    const group = requests.length > 1 ? ++this.#numbers.groups : 0;
    return requests.map(([kind, request]) =>
      this.#add(
        { side: leave, kind, sizing: { by: 'entry', of: entry }, request, reduceOnly: true, group },
        birth,
      ),
    );
  }

  /** Makes the fill of one of these cancel the others. */
  group(orders: readonly Order[]): void {
    const group = ++this.#numbers.groups;
    for (const order of orders) order.group = group;
  }

  /** The open order of a number. */
  find(number: number): Order | undefined {
    return this.open.find((order) => order.number === number && isOpen(order));
  }

  /** Forgets what is no longer open. */
  tidy(): void {
    if (!this.hasEnded) return;
    this.hasEnded = false;
    const { open } = this;
    let kept = 0;
    for (let index = 0; index < open.length; index++) {
      const order = open[index] as Order;
      if (isOpen(order)) open[kept++] = order;
    }
    open.length = kept;
  }

  #add({ side, kind, sizing, request, reduceOnly, group }: Draft, birth: Birth): Order {
    if (this.open.length >= MAX_OPEN_ORDERS) {
      throw new StrategyMistakeError(
        `The strategy has ${MAX_OPEN_ORDERS} open orders; that is the limit. Cancel some, or let them expire.`,
      );
    }
    const order: Order = {
      number: ++this.#numbers.orders,
      kind,
      side,
      status: 'open',
      sizing,
      quantity: sizing.by === 'quantity' ? sizing.amount : Number.NaN,
      filled: 0,
      filledValue: 0,
      commission: 0,
      limit: this.#onTick(request.limit),
      stop: this.#onTick(request.stop),
      trail: request.trail ?? 0,
      trailFraction: request.trailFraction ?? 0,
      reduceOnly,
      triggered: false,
      triggeredInside: -1,
      expiresAt:
        request.expireAfter === undefined ? Number.POSITIVE_INFINITY : birth.index + request.expireAfter,
      group,
      tag: request.tag ?? null,
      exits: exitsOf(request),
      doneMoment: -1,
      asleepIn: birth.known === undefined ? -1 : birth.index,
      exitOrders: [],
      bornIndex: birth.index,
      bornMoment: birth.moment,
      bornPrice: birth.price,
      bornMove: birth.move,
      generation: birth.generation,
      time: birth.time,
      endTime: null,
      reason: null,
    };
    this.open.push(order);
    return order;
  }

  #onTick(price: number | undefined): number {
    if (price === undefined) return Number.NaN;
    return this.#tickSize > 0 ? Math.round(price / this.#tickSize) * this.#tickSize : price;
  }
}
