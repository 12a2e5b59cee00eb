import type { OrderRequest, OrderView } from '../broker/order.js';
import type { CandleView, IndicatorView } from './candle-view.js';

/** What a signal says besides its direction. */
export interface SignalDetails {
  /** As a short name: `rsi_crossed_below_entry`. */
  readonly reason: string;
  /** 0 is as weak as a signal gets, 1 as strong. Default 1. */
  readonly strength?: number;
  /** Values that it rests on. */
  readonly indicators?: Readonly<Record<string, number>>;
}

/** What a strategy sees of one market, and may do there. */
export interface MarketContext<Indicators = Readonly<Record<string, unknown>>> {
  /** The strategy's indicators, over the candles of this market. */
  readonly indicators: { readonly [Name in keyof Indicators]: IndicatorView };
  /** The current candle and those before it. */
  readonly candles: CandleView;
  readonly symbol: string;
  /**
   * Whether a candle of it closed now; always, where there is one market. In `onFill`, while the candles of the fill are under way:
   * at the time before, which is the last one that is known.
   */
  readonly isNew: boolean;
  /** Whether it has as many candles as the strategy waits for. */
  readonly isWarm: boolean;
  /** Index of the current candle, from 0; -1 before the first one of a market that begins later than others. */
  readonly index: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Quantity held; below 0 for a short position, 0 for none. */
  readonly position: number;
  readonly isLong: boolean;
  readonly isShort: boolean;
  readonly isFlat: boolean;
  /** Average price of the open position; NaN without one. */
  readonly entryPrice: number;
  /** Candles since the open position was opened; 0 on the candle of its entry, and without one. */
  readonly heldFor: number;
  /** Cash of the account, which all markets have in common. */
  readonly cash: number;
  /** Cash plus what is held of all markets, at the last known prices. */
  readonly equity: number;
  /** Those of this market on the book, in the order of their making. A copy, made at each call. */
  readonly openOrders: readonly OrderView[];
  /** Time of the current candle, or of the fill, in epoch milliseconds. */
  now(): number;
  /** Buys; opens a long position, makes it larger, or makes a short one smaller. Default: for all of the equity. */
  buy(request?: OrderRequest): number;
  /** Sells; opens a short position, makes it larger, or makes a long one smaller. @returns the order's number. */
  sell(request?: OrderRequest): number;
  /** Closes the whole position, with an order for the market. Nothing happens without one, or when it is being closed. */
  exit(tag?: string): void;
  /**
   * Buys or sells at the market until the position is this fraction of the equity: 1 all of it, 0 nothing, -0.5 short
   * for half. A position on the other side is closed with the same order.
   */
  target(
    fraction: number,
    request?: Omit<OrderRequest, 'quantity' | 'value' | 'fraction' | 'risk' | 'limit' | 'stop'>,
  ): number;
  /** Takes an order off the book, of whichever market. @returns whether it was there. */
  cancel(order: number): boolean;
  /** Takes all orders of this market off the book. */
  cancelAll(): void;
  /** The fill of one of these open orders of this market cancels the others. */
  oneCancelsOther(...orders: readonly number[]): void;
  /** Says that the strategy has seen something; becomes `backtest.signal_generated`, but at the level `summary`. */
  signal(type: 'BUY' | 'SELL' | 'HOLD', details: SignalDetails): void;
  /** Keeps a value for the reports' plots: over the candles (`price`), or in a pane of its own (default). */
  record(name: string, value: number, pane?: 'price' | 'own'): void;
}

/**
 * All that a strategy sees and may do. There is one per run, and it is the same object in each call. Where there are several
 * markets, what it says of one is of the first.
 */
export interface StrategyContext<
  Parameters = Readonly<Record<string, unknown>>,
  Indicators = Readonly<Record<string, unknown>>,
  State = object,
> extends MarketContext<Indicators> {
  readonly parameters: Parameters;
  /** What `state` of the definition returned. */
  readonly state: State;
  /** Names of all markets, in their order. */
  readonly markets: readonly string[];
  /** One of them; without a name the first. @throws StrategyMistakeError for one that there is not. */
  market(name?: string): MarketContext<Indicators>;
  /** A number in [0, 1), the same for the same seed and run. */
  random(): number;
  /** Keeps a line of text with the current time. */
  log(text: string): void;
}
