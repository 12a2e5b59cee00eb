import type { Statistics } from '../statistics.js';
import type { TradeStatistics } from '../trade-statistics.js';

export type { RoundTrip } from '../trade-statistics.js';

/**
 * How much of a run becomes events: `full` each step of an order's life besides what `trades` has, `trades` the fills
 * and positions, `summary` only how the run began and ended.
 */
export type RecordingLevel = 'full' | 'trades' | 'summary';

/** When an order for the market is filled: at the next open, at the next close, or at the close it was made on. */
export type FillMode = 'next_open' | 'next_close' | 'this_close';

/** Which way an order trades. */
export type OrderSide = 'buy' | 'sell';

/** When an order becomes a trade: at once, at a price or better, or once a price is reached. */
export type OrderKind = 'market' | 'limit' | 'stop' | 'stop_limit' | 'take_profit' | 'trailing_stop';

/** `open`: on the book when the data ended. */
export type OrderStatus = 'open' | 'partially_filled' | 'filled' | 'cancelled' | 'expired' | 'rejected';

/** Why a position was closed, or made smaller. `reversed`: an order for the other side was larger than it. */
export type ClosureReason =
  | 'signal'
  | 'stop_loss'
  | 'take_profit'
  | 'trailing_stop'
  | 'reversed'
  | 'liquidation'
  | 'end_of_data';

/** One of several markets of a run. */
export interface MarketIdentity {
  readonly symbol: string;
  readonly candles: number;
  /** Times of its first and its last candle, epoch milliseconds; null without one. */
  readonly start: number | null;
  readonly end: number | null;
  /** SHA-256 of its candles, in hex. */
  readonly dataHash: string;
}

/** What a result depends on, and what it was computed by. Equal identity: equal result, on any number of threads. */
export interface RunIdentity {
  readonly backtestId: string;
  /** The strategy's name and its parameters, as `rsi-14-30-60-0.05`. */
  readonly strategyId: string;
  readonly strategy: string;
  /** Name of what the candles are of; of several markets the names of all, as `KRW-BTC+KRW-ETH`. */
  readonly symbol: string;
  /** Spacing of the candles: `1d`, `4h`, `15m`. */
  readonly timeframe: string;
  /** Times of the first and the last candle, epoch milliseconds. */
  readonly start: number;
  readonly end: number;
  /** Of several markets the times at which one of them has a candle. */
  readonly candles: number;
  /** SHA-256 of the candles, in hex; of several markets over the names and hashes of all. */
  readonly dataHash: string;
  /** Only where there are several. */
  readonly markets?: readonly MarketIdentity[];
  /** SHA-256 of the finer candles, in hex. Only where there are some. */
  readonly finerHash?: string;
  /** SHA-256 of the strategy's source, in hex. */
  readonly strategyHash: string;
  /** SHA-256 of parameters and settings as canonical JSON, in hex. */
  readonly settingsHash: string;
  readonly seed: string;
  /** Version of Millrace, such as `0.1.0`. */
  readonly engine: string;
  /** Version of Node.js, such as `v26.10.0`. */
  readonly node: string;
  readonly v8: string;
  /** Processor architecture, such as `x64`. */
  readonly architecture: string;
}

/** One position, or a part of one, that was opened and closed again. Amounts are in the currency of the prices. */
export interface TradeRow {
  /** From 1 within the run, in the order of closing. */
  readonly number: number;
  /** Number of the position, from 1: parts that were closed one after the other have the same. */
  readonly position: number;
  readonly side: 'long' | 'short';
  readonly quantity: number;
  /** Average of all entries. */
  readonly entryPrice: number;
  readonly exitPrice: number;
  /** Times of the candles, epoch milliseconds. */
  readonly entryTime: number;
  readonly exitTime: number;
  /** Indexes of the candles; of several markets of the times in `equity`, as in all rows. */
  readonly entryIndex: number;
  readonly exitIndex: number;
  /** Net of its share of all commissions, and with its share of the funding. */
  readonly profit: number;
  /** Profit over what the entry was worth, its commission included. 0.05 is five percent. */
  readonly profitFraction: number;
  readonly holdingMs: number;
  /** Commission of entry and exit. */
  readonly commission: number;
  /** Its share of the funding of its position: received above 0, paid below. Only where the candles have funding rates. */
  readonly funding?: number;
  readonly reason: ClosureReason;
  /** Largest loss while it was held, as a fraction of the entry price; 0 or less. */
  readonly worst: number;
  /** Largest gain while it was held, as a fraction of the entry price; 0 or more. */
  readonly best: number;
  /** What the strategy called the order that opened it. */
  readonly tag: string | null;
  /** The market, where there are several. */
  readonly market?: string;
}

/** One order, from the placing to its end. */
export interface OrderRow {
  /** From 1 within the run. */
  readonly number: number;
  readonly kind: OrderKind;
  readonly side: OrderSide;
  readonly status: OrderStatus;
  /** When it was made: the candle on whose close (or in whose fill) the strategy decided. */
  readonly time: number;
  readonly index: number;
  /** When it was filled, cancelled or rejected; null while it is open. */
  readonly endTime: number | null;
  /** Null where the order says a value, a fraction or a risk and has not been filled. */
  readonly quantity: number | null;
  readonly filledQuantity: number;
  /** Null without a fill. */
  readonly averagePrice: number | null;
  readonly limitPrice: number | null;
  /** Stop or trigger; of a trailing stop where it stood last. */
  readonly stopPrice: number | null;
  readonly commission: number;
  /** Orders of which the fill of one cancels the others have the same number; null for others. */
  readonly group: number | null;
  /** Why it was cancelled or rejected. */
  readonly reason: string | null;
  readonly tag: string | null;
  /** The market, where there are several. */
  readonly market?: string;
}

/** One fill, of an order or of a part of one. */
export interface FillRow {
  /** From 1 within the run. */
  readonly number: number;
  /** Number of its order. */
  readonly order: number;
  readonly time: number;
  readonly index: number;
  readonly side: OrderSide;
  readonly price: number;
  readonly quantity: number;
  readonly commission: number;
  /** How much worse the price is than the market's, from spread and slippage, per piece; 0 or more. */
  readonly slippage: number;
  /** Whether it rested on the book and paid the maker's rate. */
  readonly maker: boolean;
  /** Held after the fill; below 0 for a short position. */
  readonly positionAfter: number;
  readonly cashAfter: number;
  /** The market, where there are several. */
  readonly market?: string;
}

/** The account at each close, one value per candle. */
export interface EquityCurve {
  readonly time: Float64Array;
  /** Cash plus what is held, at the close. */
  readonly equity: Float64Array;
  /** Quantity held after the close; below 0 for a short position. Of several markets that of the first. */
  readonly position: Float64Array;
  /** The same of each market, where there are several. */
  readonly positions?: Readonly<Record<string, Float64Array>>;
}

/** What the strategy recorded under one name. */
export interface RecordedPlot {
  readonly name: string;
  /** One value per candle; NaN where nothing was recorded. */
  readonly values: Float64Array;
  /** Whether it belongs over the candles (prices), or into a pane of its own. */
  readonly pane: 'price' | 'own';
  /** The market, where there are several. */
  readonly market?: string;
}

/** A line that a strategy logged: `time` in epoch milliseconds and `index` of the candle. */
export interface LogLine {
  readonly time: number;
  readonly index: number;
  readonly text: string;
}

/**
 * Buying for all cash at the first open and holding to the last close, under the same commission. Of several markets for
 * equal parts of the cash, each at its own first open: until then its part waits as cash.
 */
export interface Benchmark {
  readonly name: 'buy and hold';
  /** Account value at each close, one per candle. */
  readonly equity: Float64Array;
  readonly statistics: Statistics;
}

/** The rules under which a run was simulated, with every default filled in. */
export interface RunSettings {
  readonly initialCapital: number;
  readonly fill: FillMode;
  readonly commission: CommissionSettings;
  readonly slippage: SlippageSettings;
  /** Ask minus bid as a fraction of the price; half of it makes a market order worse. */
  readonly spread: number;
  /** Quantities are whole multiples of it; 0 for any quantity. */
  readonly lotSize: number;
  /** Prices of orders are whole multiples of it; 0 for any price. */
  readonly tickSize: number;
  /** Smallest value of an order; 0 for none. */
  readonly minimumValue: number;
  /** How many times the equity may be held; 1 for none borrowed. A short position uses it as well. */
  readonly leverage: number;
  /** Fraction of a position's value below which the equity must not fall, else it is liquidated. */
  readonly maintenanceMargin: number;
  /** Largest part of a candle's volume that orders may fill; 0 for no limit. */
  readonly volumeShare: number;
  /** Which of stop and target goes first where a candle touched both. */
  readonly insideBar: 'stop_first' | 'target_first';
  /** Cash is a whole number of 10^-cashDecimals. */
  readonly cashDecimals: number;
  readonly closeAtEnd: boolean;
}

/** What a fill costs, with every default filled in. */
export interface CommissionSettings {
  /** Fraction of the value of a fill that takes from the book. */
  readonly taker: number;
  /** Fraction of the value of a fill that rested on it. */
  readonly maker: number;
  /** Smallest commission of a fill, in the currency of the prices. */
  readonly minimum: number;
}

/** How much worse than its price a fill is, with every default filled in. */
export interface SlippageSettings {
  /** Amount by which the price gets worse. */
  readonly fixed: number;
  /** Fraction of the price. */
  readonly fraction: number;
  /** Fraction of the price for a fill of a whole candle's volume; less in proportion. */
  readonly volume: number;
}

/** How far finer candles, or trades, decided what came first within a candle. */
export interface FinerUse {
  /** Their length, or `trades`. */
  readonly timeframe: string;
  /** Candles that they make up; in the others stops go first, as `insideBar` says. */
  readonly covered: number;
  /** Candles within which an order was reached, and which they therefore decided. */
  readonly decided: number;
}

/** What one run led to. `trades`, `orders`, `fills` and curves are whole at every recording level. */
export interface BacktestResult<Parameters = Readonly<Record<string, unknown>>> {
  readonly identity: RunIdentity;
  readonly parameters: Parameters;
  readonly settings: RunSettings;
  readonly trades: readonly TradeRow[];
  readonly orders: readonly OrderRow[];
  readonly fills: readonly FillRow[];
  readonly equity: EquityCurve;
  readonly plots: readonly RecordedPlot[];
  readonly logs: readonly LogLine[];
  readonly benchmark: Benchmark;
  /** Of the equity curve. */
  readonly statistics: Statistics;
  /** Of the trades. */
  readonly tradeStatistics: TradeStatistics;
  readonly finalCapital: number;
  readonly commission: number;
  /** Of all positions, received above 0, paid below; null where the candles have no funding rates. */
  readonly funding: number | null;
  /** Value of all fills, bought and sold. */
  readonly turnover: number;
  /** Candles on whose close a position was held, over all candles. */
  readonly exposure: number;
  /** Null without finer candles. */
  readonly finer: FinerUse | null;
  /** SHA-256 over identity (but engine, Node.js, V8 and architecture), fills, orders, equity and records, in hex. */
  readonly fingerprint: string;
}
