import type { TimeUnit } from './epoch-column.js';
import type { CandleFormat, Stamps } from './formats.js';
import type { Gaps } from './gaps.js';

/** How the rows of a file stand there. `json-lines`: one value a line. */
export type TextKind = 'csv' | 'json' | 'json-lines' | 'parquet';

/** A row that is no candle; `at` counts lines, or the rows of a JSON document, from 1. */
export interface RowFault {
  readonly source: string;
  readonly at: number;
  readonly fault: string;
}

/** What was understood of one text. */
export interface SourceReport {
  readonly name: string;
  readonly packed: 'gzip' | 'zip' | null;
  readonly kind: TextKind;
  /** `trades`: it holds trades, from which candles were made. */
  readonly format: CandleFormat | 'trades';
  /** What separates the cells of a CSV text. */
  readonly separator?: string;
  /** Rows that are candles, or trades. */
  readonly rows: number;
  /** What the times are: epoch numbers in a unit, or written dates. */
  readonly times: TimeUnit | 'written';
  /** Zone of written times without an offset. */
  readonly zone: string;
  readonly stamps: Stamps;
  readonly newestFirst: boolean;
}

/** What was understood of files with candles, and what was wrong with them. */
export interface CandleReport {
  readonly sources: readonly SourceReport[];
  readonly candles: number;
  /** Epoch milliseconds of the first and the last candle's start. */
  readonly start: number;
  readonly end: number;
  readonly timeframe: string;
  /** The timeframe in the file, where another was asked for; `trades` for trades. */
  readonly madeFrom: string | null;
  readonly gaps: Gaps;
  /** Candles at whose start a funding rate is due; null when there is no such column. */
  readonly fundingRates: number | null;
  /** Rows left out because another row has the same time: the same row again, or with `faults: 'skip'` an earlier one. */
  readonly duplicates: number;
  /** Rows that were earlier than one before them, and were sorted. */
  readonly disordered: number;
  /** Rows whose prices are all `null`, as providers write days without trading. */
  readonly emptyRows: number;
  /** Candles whose high or low was put right within the tolerance. */
  readonly rounded: number;
  /** Rows that were left out because they are no candles. */
  readonly badRows: number;
  /** The first of them. */
  readonly faults: readonly RowFault[];
}
