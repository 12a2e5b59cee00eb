import { didYouMean } from '../../events/nearest.js';
import type { Birth } from '../broker/book.js';
import type { Broker } from '../broker/broker.js';
import type { Order, OrderRequest, OrderView } from '../broker/order.js';
import { StrategyMistakeError } from '../broker/strategy-mistake.js';
import type { Candles } from '../candles/candles.js';
import { CandleView, type Cursor, type IndicatorView } from '../strategies/candle-view.js';
import type { MarketContext, SignalDetails, StrategyContext } from '../strategies/context.js';
import type { Records } from './records.js';
import type { OrderSide } from './result.js';

/** What the contexts of several markets have in common. */
export interface Together {
  readonly names: readonly string[];
  /** Index on the clock of all. */
  readonly index: number;
  /** Time of the current candles, or of the fill. */
  now(): number;
  /** Of the account: while a fill is told of its market is valued at the fill's price. */
  equity(): number;
  contextOf(name: string): RunContext | undefined;
  /** The market of an open order. */
  brokerOf(order: number): Broker | undefined;
  /** Of an order that is made now; undefined where it is made on a close. */
  birthOf(broker: Broker): Birth | undefined;
  isNew(broker: Broker): boolean;
}

/** What a context works on. */
export interface RunParts {
  readonly candles: Candles;
  readonly cursor: Cursor;
  readonly broker: Broker;
  readonly records: Records;
  readonly symbol: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly indicators: Readonly<Record<string, IndicatorView>>;
  readonly state: object;
  readonly random: () => number;
  readonly signal: (
    type: 'BUY' | 'SELL' | 'HOLD',
    details: SignalDetails,
    time: number,
    price: number,
  ) => void;
  /** Candles of this market before the strategy is asked. */
  readonly warmUp: number;
  /** Where there are several markets. */
  readonly together?: Together;
}

/** The context of one run. Reads columns in place; nothing is made per candle. */
export class RunContext implements StrategyContext {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly indicators: Readonly<Record<string, IndicatorView>>;
  readonly state: object;
  readonly candles: CandleView;
  readonly symbol: string;
  readonly #parts: RunParts;
  readonly #candles: Candles;
  readonly #cursor: Cursor;
  readonly #broker: Broker;
  readonly #together: Together | undefined;
  /** Price and time of the fill that is being told of; NaN on a close. */
  #fillPrice = Number.NaN;
  #fillTime = 0;
  /** Order that closes the whole position. */
  #exit: Order | undefined;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#candles = parts.candles;
    this.#cursor = parts.cursor;
    this.#broker = parts.broker;
    this.#together = parts.together;
    this.parameters = parts.parameters;
    this.indicators = parts.indicators;
    this.state = parts.state;
    this.symbol = parts.symbol;
    this.candles = new CandleView(parts.candles, parts.cursor);
  }

  /** Within `onFill` the account is valued at the fill's price. */
  during(price: number, time: number, run: () => void): void {
    this.#fillPrice = price;
    this.#fillTime = time;
    run();
    this.#fillPrice = Number.NaN;
  }

  get markets(): readonly string[] {
    return this.#together?.names ?? [this.symbol];
  }

  market(name = this.markets[0] as string): MarketContext {
    const found = name === this.symbol ? this : this.#together?.contextOf(name);
    if (found !== undefined) return found;
    throw new StrategyMistakeError(
      `There is no market '${String(name)}'. ${didYouMean(String(name), this.markets, 'There are')}`,
    );
  }

  get isNew(): boolean {
    return this.#together?.isNew(this.#broker) ?? true;
  }

  get isWarm(): boolean {
    return this.#cursor.index >= this.#parts.warmUp;
  }

  get index(): number {
    return this.#cursor.index;
  }

  get open(): number {
    return this.#candles.open[this.#cursor.index] ?? Number.NaN;
  }

  get high(): number {
    return this.#candles.high[this.#cursor.index] ?? Number.NaN;
  }

  get low(): number {
    return this.#candles.low[this.#cursor.index] ?? Number.NaN;
  }

  get close(): number {
    return this.#candles.close[this.#cursor.index] ?? Number.NaN;
  }

  get volume(): number {
    return this.#candles.volume[this.#cursor.index] ?? Number.NaN;
  }

  get position(): number {
    return this.#broker.account.quantity;
  }

  get isLong(): boolean {
    return this.#broker.account.quantity > 0;
  }

  get isShort(): boolean {
    return this.#broker.account.quantity < 0;
  }

  get isFlat(): boolean {
    return this.#broker.account.quantity === 0;
  }

  get entryPrice(): number {
    return this.#broker.account.position?.entryPrice ?? Number.NaN;
  }

  get heldFor(): number {
    const { position } = this.#broker.account;
    return position === undefined ? 0 : Math.max(0, this.#cursor.index - position.entryIndex);
  }

  get cash(): number {
    return this.#broker.account.cash;
  }

  get equity(): number {
    return this.#together?.equity() ?? this.#broker.account.equity(this.#price());
  }

  get openOrders(): readonly OrderView[] {
    return this.#broker.openOrders().map(viewOf);
  }

  now(): number {
    if (this.#together !== undefined) return this.#together.now();
    return Number.isNaN(this.#fillPrice)
      ? (this.#candles.time[this.#cursor.index] as number)
      : this.#fillTime;
  }

  random(): number {
    return this.#parts.random();
  }

  buy(request: OrderRequest = {}): number {
    return this.#order('buy', request).number;
  }

  sell(request: OrderRequest = {}): number {
    return this.#order('sell', request).number;
  }

  exit(tag?: string): void {
    const { quantity } = this.#broker.account;
    if (quantity === 0 || this.#exit?.status === 'open' || this.#exit?.status === 'partially_filled') return;
    const request = { reduceOnly: true, ...(tag !== undefined && { tag }) };
    this.#exit = this.#order(quantity > 0 ? 'sell' : 'buy', request);
  }

  target(fraction: number, request: OrderRequest = {}): number {
    if (!Number.isFinite(fraction)) {
      throw new StrategyMistakeError(
        `The target is ${fraction}; it must be a finite fraction of the equity.`,
      );
    }
    return this.#broker.target(fraction, request, this.#birth()).number;
  }

  cancel(number: number): boolean {
    // Numbers are those of the run, so it need not be said which market it is of.
    const broker = this.#together?.brokerOf(number) ?? this.#broker;
    const order = broker.book.find(number);
    if (order === undefined) return false;
    broker.cancel(order, this.now());
    return true;
  }

  cancelAll(): void {
    for (const order of this.#broker.openOrders()) {
      this.#broker.cancel(order, this.now());
    }
  }

  oneCancelsOther(...numbers: readonly number[]): void {
    const orders = numbers.map((number) => this.#broker.book.find(number));
    if (orders.length < 2 || orders.includes(undefined)) {
      throw new StrategyMistakeError(
        'oneCancelsOther needs the numbers of two or more orders that are open, of one market.',
      );
    }
    this.#broker.group(orders as readonly Order[], this.now());
  }

  signal(type: 'BUY' | 'SELL' | 'HOLD', details: SignalDetails): void {
    checkSignalOf(type, details);
    const price = this.#price();
    if (Number.isNaN(price)) {
      throw new StrategyMistakeError(`ctx.signal: the market '${this.symbol}' has no candle yet.`);
    }
    this.#parts.signal(type, details, this.now(), price);
  }

  log(text: string): void {
    this.#parts.records.log(this.now(), this.#row, text);
  }

  record(name: string, value: number, pane: 'price' | 'own' = 'own'): void {
    if (pane !== 'own' && pane !== 'price') {
      throw new StrategyMistakeError(
        `ctx.record: the pane is '${String(pane)}'; it must be 'price' or 'own'.`,
      );
    }
    if (this.#together === undefined || this.symbol === this.markets[0])
      this.#parts.records.record(this.#row, name, value, pane);
    else this.#parts.records.record(this.#row, `${this.symbol} ${name}`, value, pane, this.symbol);
  }

  /** Index of the rows of a result. */
  get #row(): number {
    return this.#together?.index ?? this.#cursor.index;
  }

  #order(side: OrderSide, request: OrderRequest): Order {
    return this.#broker.order(side, request, this.#birth());
  }

  #price(): number {
    return Number.isNaN(this.#fillPrice) ? this.close : this.#fillPrice;
  }

  #birth(): Birth {
    const { index } = this.#cursor;
    const elsewhere = this.#together?.birthOf(this.#broker);
    if (elsewhere !== undefined) return elsewhere;
    return { index, moment: index, time: this.now(), price: Number.NaN, move: 'close', generation: 0 };
  }
}

/** What a signal says becomes an event, which is not checked once more. */
function checkSignalOf(type: unknown, details: SignalDetails): void {
  if (type !== 'BUY' && type !== 'SELL' && type !== 'HOLD') {
    throw new StrategyMistakeError(
      `ctx.signal: '${String(type)}' is no signal; it must be BUY, SELL or HOLD.`,
    );
  }
  if (typeof details?.reason !== 'string') {
    throw new StrategyMistakeError("ctx.signal needs a reason, as ctx.signal('BUY', { reason: 'crossed' }).");
  }
  const { strength } = details;
  if (strength === undefined || (typeof strength === 'number' && !Number.isNaN(strength))) return;
  throw new StrategyMistakeError(
    `ctx.signal: the strength is ${String(strength)}; it must be a number. An indicator is NaN while it warms up.`,
  );
}

function viewOf({ number, kind, side, status, quantity, filled, limit, stop, tag }: Order): OrderView {
  return { number, kind, side, status, quantity, filled, limit, stop, tag };
}
