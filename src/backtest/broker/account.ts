import type { ClosureReason, RunSettings, TradeRow } from '../runs/result.js';

/** A fill as the account books it. */
export interface Booking {
  readonly side: 'buy' | 'sell';
  readonly quantity: number;
  readonly price: number;
  readonly maker: boolean;
  readonly time: number;
  readonly index: number;
  readonly reason: ClosureReason;
  readonly tag: string | null;
}

/** What is held. */
export interface Position {
  /** From 1 within the run. */
  readonly number: number;
  readonly side: 'long' | 'short';
  readonly entryTime: number;
  readonly entryIndex: number;
  readonly tag: string | null;
  /** Average of all entries. */
  entryPrice: number;
  /** Largest quantity that was held. */
  largest: number;
  /** Sum of quantity times price of what was sold of it again. */
  exitValue: number;
  exited: number;
  /** Of the parts that are closed. */
  profit: number;
  /** Of those parts, entry and exit. */
  commission: number;
  /** Funding of those parts: received above 0, paid below. */
  funding: number;
  /** What the entries of the closed parts were worth, commission included. */
  closedCost: number;
  /** Highest and lowest price since it was opened. */
  highest: number;
  lowest: number;
}

type Writable<Row> = { -readonly [Field in keyof Row]: Row[Field] };

/** What one booking led to. */
export interface Booked {
  /** In the currency of the prices. */
  readonly commission: number;
  readonly trade: TradeRow | undefined;
  /** What the entries of the closed part were worth, commission included: its trade's profit is measured by it. */
  readonly cost: number;
  /** The position that is closed by it. */
  readonly closed: Position | undefined;
  /** The position that is opened by it. */
  readonly opened: Position | undefined;
}

/** What a funding rate led to. */
export interface Funded {
  readonly position: Position;
  /** In the currency of the prices: received above 0, paid below. */
  readonly amount: number;
}

/** Below this part of a position nothing is left of it: what doubles leave of 0.1 + 0.2 - 0.3. */
const DUST = 1e-12;

/**
 * What all positions of an account have in common: its cash, and what was paid and received. One account trades one market,
 * or several, each of which has an `Account` of its own with the same purse.
 */
export class Purse {
  /** In units. */
  cash: number;
  commission = 0;
  funding = 0;
  turnover = 0;
  positions = 0;
  trades = 0;
  readonly scale: number;
  /** One per market. */
  readonly accounts: Account[] = [];

  constructor(settings: RunSettings) {
    this.scale = 10 ** settings.cashDecimals;
    this.cash = Math.round(settings.initialCapital * this.scale);
  }

  /** What is held at the marks, long less short. @param but the account of a market that is left out. */
  net(but?: Account): number {
    let sum = 0;
    for (const account of this.accounts) if (account !== but) sum += account.quantity * account.mark;
    return sum;
  }

  /** What is held at the marks, long and short added. */
  gross(but?: Account): number {
    let sum = 0;
    for (const account of this.accounts)
      if (account !== but) sum += Math.abs(account.quantity * account.mark);
    return sum;
  }

  /** Cash plus what is held, at the marks. */
  equity(): number {
    return this.cash / this.scale + this.net();
  }
}

/**
 * Cash and the position of a market. Cash is a whole number of 10^-decimals, held in a double, so that sums are exact up
 * to 2^53 units: initial capital plus the profits of all trades is the final cash, to the last unit. A position's cost
 * is such a number as well, and of a part that is closed as much of it as its share of the quantity.
 */
export class Account {
  /** Below 0 for a short position. */
  quantity = 0;
  position: Position | undefined;
  /** Price at which the position is valued where the price of another market is looked at. */
  mark = 0;
  readonly #scale: number;
  readonly #settings: RunSettings;
  readonly #purse: Purse;
  readonly #funded: boolean;
  /** What the open position has cost, in units: paid is above 0, received below. */
  #basis = 0;
  /** Commission of the open position's entries, in units. */
  #entryCommission = 0;
  /** Funding of the open position, in units. */
  #funding = 0;

  /**
   * @param funded whether funding is a part of its trades, because the candles have rates.
   * @param purse of an account that trades other markets as well.
   */
  constructor(settings: RunSettings, funded = false, purse = new Purse(settings)) {
    this.#settings = settings;
    this.#funded = funded;
    this.#purse = purse;
    this.#scale = purse.scale;
    purse.accounts.push(this);
  }

  get cash(): number {
    return this.#purse.cash / this.#scale;
  }

  /** Of all markets, as is the turnover. */
  get commissionPaid(): number {
    return this.#purse.commission / this.#scale;
  }

  get turnover(): number {
    return this.#purse.turnover;
  }

  /** Of all markets, received above 0, paid below; undefined where none has rates. */
  get fundingReceived(): number | undefined {
    const { accounts, funding } = this.#purse;
    return accounts.some((account) => account.#funded) ? funding / this.#scale : undefined;
  }

  /** Cash plus what is held, at a price; what is held of other markets at their marks. */
  equity(price: number): number {
    const own = this.#purse.cash / this.#scale + this.quantity * price;
    return this.#purse.accounts.length === 1 ? own : own + this.#purse.net(this);
  }

  /**
   * The price at which the account's equity is only `maintenanceMargin` of what its positions are worth, those of other
   * markets at their marks; NaN for none.
   */
  liquidationPrice(): number {
    const { quantity } = this;
    if (quantity === 0) return Number.NaN;
    const margin = this.#settings.maintenanceMargin;
    const missing = margin * this.#purse.gross(this) - (this.cash + this.#purse.net(this));
    if (quantity > 0) return missing > 0 ? missing / (quantity * (1 - margin)) : Number.NaN;
    return -missing / (-quantity * (1 + margin));
  }

  /**
   * The largest quantity by which a position may grow on a side: what is held there, and of other markets on either side,
   * must not be worth more than the leverage times the equity that is left after the commission.
   */
  room(side: 'buy' | 'sell', price: number, maker: boolean): number {
    const { leverage, commission } = this.#settings;
    const rate = maker ? commission.maker : commission.taker;
    const sign = side === 'buy' ? 1 : -1;
    const opposite = this.quantity * sign < 0;
    const held = Math.abs(this.quantity);
    const equity = this.equity(price) - (opposite ? held * price * rate : 0);
    const kept = (opposite ? 0 : held * price) + this.#purse.gross(this);
    const grown = (leverage * equity - kept) / (price * (1 + leverage * rate));
    const atMinimum = (leverage * (equity - commission.minimum) - kept) / price;
    return Math.max(0, Math.min(grown, atMinimum)) + (opposite ? held : 0);
  }

  /** Books a fill. One that goes through 0 closes the position and opens the other side, with one commission. */
  book(booking: Booking): Booked {
    const { side, quantity, price } = booking;
    const sign = side === 'buy' ? 1 : -1;
    const value = quantity * price;
    const units = this.#commissionOf(value, booking.maker);
    this.#purse.commission += units;
    this.#purse.turnover += value;
    const held = this.quantity * sign < 0 ? Math.abs(this.quantity) : 0;
    let closing = Math.min(held, quantity);
    if (held - closing < held * DUST) closing = held;
    const opening = quantity - closing > quantity * DUST ? quantity - closing : 0;
    const closingUnits = opening === 0 ? units : Math.round((units * closing) / quantity);
    const closed = closing > 0 ? this.#close(booking, sign, closing, closingUnits) : undefined;
    const opened = opening > 0 ? this.#open(booking, sign, opening, units - closingUnits) : undefined;
    const [trade, cost] = [closed?.trade, closed?.cost ?? 0];
    return { commission: units / this.#scale, trade, cost, closed: closed?.position, opened };
  }

  /**
   * Pays or receives a funding rate on what is held: a long position pays one above 0, a short one receives it.
   *
   * @returns undefined when nothing is held.
   */
  fund(rate: number, price: number): Funded | undefined {
    const { position } = this;
    if (position === undefined) return undefined;
    const units = 0 - Math.round(this.quantity * price * rate * this.#scale);
    this.#purse.cash += units;
    this.#funding += units;
    this.#purse.funding += units;
    return { position, amount: units / this.#scale };
  }

  /** Notes how far the price went while the position was held. */
  seen(high: number, low: number): void {
    const { position } = this;
    if (position === undefined) return;
    if (high > position.highest) position.highest = high;
    if (low < position.lowest) position.lowest = low;
  }

  #commissionOf(value: number, maker: boolean): number {
    const { commission } = this.#settings;
    const amount = value * (maker ? commission.maker : commission.taker);
    return Math.round(Math.max(amount, commission.minimum) * this.#scale);
  }

  #open(booking: Booking, sign: number, quantity: number, commission: number): Position | undefined {
    const { price, time, index } = booking;
    let value = Math.round(quantity * price * this.#scale);
    // All of the cash is spent by definition; rounding must not leave a debt of one unit.
    const short = value + commission - this.#purse.cash;
    if (sign > 0 && this.#settings.leverage === 1 && short > 0 && short <= 2) value -= short;
    this.#purse.cash -= sign * value + commission;
    this.#basis += sign * value + commission;
    this.#entryCommission += commission;
    const before = Math.abs(this.quantity);
    this.quantity = this.#onLots(this.quantity + sign * quantity);
    const held = this.position;
    if (held !== undefined) {
      held.entryPrice = (held.entryPrice * before + price * quantity) / (before + quantity);
      held.largest = Math.max(held.largest, Math.abs(this.quantity));
      return undefined;
    }
    this.position = {
      number: ++this.#purse.positions,
      side: sign > 0 ? 'long' : 'short',
      entryTime: time,
      entryIndex: index,
      tag: booking.tag,
      entryPrice: price,
      largest: quantity,
      exitValue: 0,
      exited: 0,
      profit: 0,
      commission: 0,
      funding: 0,
      closedCost: 0,
      highest: price,
      lowest: price,
    };
    return this.position;
  }

  #close(booking: Booking, sign: number, quantity: number, commission: number) {
    const held = Math.abs(this.quantity);
    const position = this.position as Position;
    const whole = quantity >= held;
    const share = whole ? this.#basis : Math.round((this.#basis * quantity) / held);
    const entryCommission = whole
      ? this.#entryCommission
      : Math.round((this.#entryCommission * quantity) / held);
    const funding = whole ? this.#funding : Math.round((this.#funding * quantity) / held);
    const received = -sign * Math.round(quantity * booking.price * this.#scale) - commission;
    this.#purse.cash += received;
    this.#basis -= share;
    this.#entryCommission -= entryCommission;
    this.#funding -= funding;
    this.quantity = whole ? 0 : this.#onLots(this.quantity + sign * quantity);
    this.seen(booking.price, booking.price);
    // Of a short position the entry brought money in; what it was worth is the measure all the same.
    const cost = Math.abs(share) / this.#scale;
    const trade = this.#tradeOf(
      booking,
      position,
      quantity,
      received - share + funding,
      cost,
      entryCommission + commission,
      funding,
    );
    position.closedCost += cost;
    position.exitValue += quantity * booking.price;
    position.exited += quantity;
    position.profit += trade.profit;
    position.commission += trade.commission;
    position.funding += trade.funding ?? 0;
    if (this.quantity !== 0) return { trade, cost, position: undefined };
    this.position = undefined;
    return { trade, cost, position };
  }

  #tradeOf(
    booking: Booking,
    position: Position,
    quantity: number,
    profit: number,
    cost: number,
    commission: number,
    funding: number,
  ): TradeRow {
    const { side, entryPrice, highest, lowest } = position;
    const up = highest / entryPrice - 1;
    const down = lowest / entryPrice - 1;
    const row: Writable<TradeRow> = {
      number: ++this.#purse.trades,
      position: position.number,
      side,
      quantity,
      entryPrice,
      exitPrice: booking.price,
      entryTime: position.entryTime,
      exitTime: booking.time,
      entryIndex: position.entryIndex,
      exitIndex: booking.index,
      profit: profit / this.#scale,
      profitFraction: cost === 0 ? 0 : profit / this.#scale / cost,
      holdingMs: booking.time - position.entryTime,
      commission: commission / this.#scale,
      reason: booking.reason,
      worst: side === 'long' ? down : -up,
      best: side === 'long' ? up : -down,
      tag: position.tag,
    };
    if (this.#funded) row.funding = funding / this.#scale;
    return row;
  }

  #onLots(quantity: number): number {
    const { lotSize } = this.#settings;
    return lotSize > 0 ? Math.round(quantity / lotSize) * lotSize : quantity;
  }
}
