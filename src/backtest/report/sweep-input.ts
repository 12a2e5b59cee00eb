/** What the report takes of one run of a sweep. Fractions, and null where undefined. */
export interface SweepReportRow {
  /** Values by parameter; texts and booleans are shown, and compared as equal or not. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly totalReturn: number;
  readonly annualReturn: number | null;
  /** Annualised. */
  readonly sharpe: number | null;
  readonly maxDrawdown: number;
  readonly winRate: number | null;
  readonly profitFactor: number | null;
  readonly trades: number;
  readonly finalCapital: number;
}

/** What the report of a sweep is made from. */
export interface SweepReport {
  /** Of the strategy and what its candles are of, such as `rsi on sp500`. */
  readonly title: string;
  readonly rows: readonly SweepReportRow[];
  readonly benchmark: Readonly<Partial<Omit<SweepReportRow, 'parameters'>>>;
  /** Bars of each run, and bars of a year: what the overfitting test is computed from. Left out: it is not. */
  readonly bars?: number;
  readonly barsPerYear?: number | null;
  /** Skewness and kurtosis of the best run's returns per bar. Left out: those of a normal distribution. */
  readonly best?: { readonly skewness: number; readonly kurtosis: number };
  /** What else is worth knowing: hashes, versions, fingerprint, settings. */
  readonly facts?: Readonly<Record<string, string>>;
}
