import type { PackedColumn } from '../../page/packed-column.js';

/** A figure in large print. */
export interface Card {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  /** Whether it is good or bad news; plain for neither. */
  readonly tone: 'good' | 'bad' | 'plain';
}

/** A line of the statistics: text as it is shown, and what it means. */
export interface StatisticLine {
  readonly label: string;
  readonly title: string;
  readonly value: string;
  /** Of the benchmark; empty where that has none. */
  readonly benchmark: string;
}

export interface StatisticGroup {
  readonly heading: string;
  readonly lines: readonly StatisticLine[];
}

export interface FactGroup {
  readonly heading: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
}

/** Returns by month; null where the data has none of it. */
export interface MonthTable {
  readonly years: readonly {
    readonly year: number;
    readonly months: readonly (number | null)[];
    readonly total: number;
  }[];
}

/** How often which return was; `bins` from the lowest to the highest, each without its upper end. */
export interface Histogram {
  readonly per: 'day' | 'bar';
  readonly count: number;
  readonly bins: readonly { readonly from: number; readonly to: number; readonly count: number }[];
}

export interface PageTrade {
  readonly number: number;
  readonly side: 'long' | 'short';
  readonly entryTime: number;
  readonly exitTime: number;
  readonly entryIndex: number;
  readonly exitIndex: number;
  readonly quantity: number;
  readonly entryPrice: number;
  readonly exitPrice: number;
  readonly profit: number;
  readonly profitFraction: number;
  readonly commission: number;
  readonly worst: number;
  readonly best: number;
  readonly reason: string;
  readonly tag: string;
  /** Where there are several. */
  readonly market?: string;
}

export interface PageOrder {
  readonly number: number;
  readonly kind: string;
  readonly side: string;
  readonly status: string;
  readonly time: number;
  readonly index: number;
  readonly quantity: number | null;
  readonly averagePrice: number | null;
  readonly limitPrice: number | null;
  readonly stopPrice: number | null;
  readonly reason: string;
  readonly tag: string;
  /** Where there are several. */
  readonly market?: string;
}

export interface PagePlot {
  readonly name: string;
  readonly pane: 'price' | 'own';
  readonly column: string;
  /** Where there are several. */
  readonly market?: string;
}

/** One of several markets: its candles are the columns `open:N` and so on, of its number `N`. */
export interface PageMarket {
  readonly name: string;
  readonly fills: RunPage['fills'];
  readonly stops: RunPage['stops'];
}

/** Everything that the page of one run shows. */
export interface RunPage {
  readonly kind: 'run';
  readonly title: string;
  readonly subtitle: string;
  readonly cards: readonly Card[];
  readonly notes: readonly string[];
  readonly statistics: readonly StatisticGroup[];
  readonly facts: readonly FactGroup[];
  readonly months: MonthTable | null;
  readonly histogram: Histogram | null;
  /** What the rolling Sharpe ratio is taken over; null where the data is too short. */
  readonly rolling: string | null;
  readonly trades: readonly PageTrade[];
  readonly orders: readonly PageOrder[];
  readonly logs: readonly { readonly time: number; readonly index: number; readonly text: string }[];
  /** Candle, 1 for a buy and -1 for a sell, price, quantity. */
  readonly fills: readonly (readonly [index: number, side: number, price: number, quantity: number])[];
  /** Stops as lines: from candle to candle at a price. */
  readonly stops: readonly (readonly [from: number, to: number, price: number])[];
  readonly plots: readonly PagePlot[];
  /** Where there are several, those that have a chart; `fills` and `stops` are empty then. */
  readonly markets?: readonly PageMarket[];
  /** `time`, `equity`, `benchmark`, and where known `open`, `high`, `low`, `close`, `volume`, `rolling`, and the plots'. */
  readonly columns: Readonly<Record<string, PackedColumn>>;
}

/** A number that a sweep has of each run. */
export interface SweepMetric {
  readonly name: string;
  readonly label: string;
  readonly form: 'percent' | 'number' | 'count' | 'money';
  /** Whether more of it is better. */
  readonly isBetterUp: boolean;
}

/** Everything that the page of a sweep shows. */
export interface SweepPage {
  readonly kind: 'sweep';
  readonly title: string;
  readonly subtitle: string;
  readonly cards: readonly Card[];
  readonly notes: readonly string[];
  readonly facts: readonly FactGroup[];
  readonly parameters: readonly string[];
  /** The values of parameters that are no numbers; their columns count in it. */
  readonly texts: Readonly<Record<string, readonly string[]>>;
  readonly metrics: readonly SweepMetric[];
  /** Runs; each column has a value for each. */
  readonly runs: number;
  /** By `parameter:NAME` and `metric:NAME`. */
  readonly columns: Readonly<Record<string, PackedColumn>>;
  /** Metrics of buying and holding, by name. */
  readonly benchmark: Readonly<Record<string, number | null>>;
}

/** One window of a walk-forward: parameters that were the best in a part, and what they did in the part after it. */
export interface PageWindow {
  readonly number: number;
  readonly train: string;
  readonly test: string;
  /** Bars of the second part in the curve. */
  readonly from: number;
  readonly to: number;
  readonly parameters: string;
  readonly trainReturn: number;
  readonly trainSharpe: number | null;
  readonly testReturn: number;
  readonly testSharpe: number | null;
  readonly testDrawdown: number;
  readonly trades: number;
}

/** Everything that the page of a walk-forward shows. */
export interface WalkPage {
  readonly kind: 'walk';
  readonly title: string;
  readonly subtitle: string;
  readonly cards: readonly Card[];
  readonly notes: readonly string[];
  readonly facts: readonly FactGroup[];
  readonly windows: readonly PageWindow[];
  /** `time` and `equity`. */
  readonly columns: Readonly<Record<string, PackedColumn>>;
}

export type ReportPage = RunPage | SweepPage | WalkPage;
