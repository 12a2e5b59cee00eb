import { InputError } from '../../faces/errors.js';
import { arrange } from './arrange.js';
import { candleFault, withinTolerance } from './candle-rows.js';
import type { CandleRow } from './candles.js';
import { columnOrder } from './column-order.js';
import { numberIn } from './csv-dialect.js';
import { headerOf, isWithoutNames, PRICE_NAMES } from './csv-header.js';
import { isClock, parseTime } from './dates.js';
import type { Layout } from './formats.js';
import { ORDER_SAMPLE_ROWS, REPORTED_FAULTS, ROUNDING_TOLERANCE } from './limits.js';
import type { CandleOptions } from './options.js';
import type { Records } from './records.js';
import type { RowFault, SourceReport } from './report.js';
import { shown } from './shown.js';
import { atOpen } from './stamps.js';
import { TimeColumn } from './time-column.js';
import { Zone } from './zone.js';

/** The candles of one text, from old to new, and what was found on the way. */
export interface ReadPart {
  readonly rows: readonly CandleRow[];
  readonly source: Omit<SourceReport, 'name' | 'packed'>;
  readonly duplicates: number;
  readonly disordered: number;
  readonly emptyRows: number;
  readonly rounded: number;
  readonly badRows: number;
  readonly faults: readonly RowFault[];
}

/** Part of the rows that may be faulty while the order of columns is told by the others. */
const FAULTY_SHARE = 0.1;

/** Turns rows of cells into candles, one after the other, and names the line of whatever is wrong. */
export class RowReader {
  readonly #name: string;
  readonly #records: Records;
  readonly #options: CandleOptions;
  readonly #rows: CandleRow[] = [];
  /** Where each row stands in the file. */
  readonly #places: number[] = [];
  readonly #faults: RowFault[] = [];
  /** Rows whose columns have no names, until enough of them tell the order. */
  #sample: { readonly record: readonly string[]; readonly at: number }[] | undefined;
  #layout: Layout | undefined;
  #times: TimeColumn | undefined;
  #zone = 'UTC';
  #badRows = 0;
  #emptyRows = 0;
  #rounded = 0;

  constructor(name: string, records: Records, options: CandleOptions) {
    this.#name = name;
    this.#records = records;
    this.#options = options;
  }

  /** @throws InputError that names the line of the first fault, unless faults are skipped. */
  take(record: readonly string[], at: number): void {
    // Spreadsheets leave rows of nothing but separators behind.
    if (record.every((cell) => cell === '')) return;
    // Some providers put their address above the header.
    if (!this.#layout && record.length === 1 && /^https?:/.test(record[0] ?? '')) return;
    if (!this.#layout && !this.#sample && isWithoutNames(record)) this.#sample = [];
    if (this.#layout) {
      this.#takeRow(this.#layout, record, at);
    } else if (!this.#sample) {
      const layout = headerOf(record, shown);
      if (typeof layout === 'string') throw this.#error(at, layout);
      this.#begin(layout, at);
    } else if (this.#sample.push({ record, at }) >= ORDER_SAMPLE_ROWS) this.#readSample(this.#sample);
  }

  finish(): ReadPart {
    if (this.#sample && !this.#layout) this.#readSample(this.#sample);
    if (!this.#layout || !this.#times)
      throw new InputError(`${this.#name} is empty. Pass a file with a header and candles.`);
    if (this.#rows.length === 0) throw new InputError(`${this.#name} has a header but no candles below it.`);
    const read = this.#times.finish();
    if ('fault' in read) throw this.#error(this.#places[read.row] as number, read.fault);
    const arranged = arrange(read.times, this.#skips);
    if ('fault' in arranged) throw this.#error(this.#places[arranged.row] as number, arranged.fault);
    const { order, newestFirst, disordered, duplicates } = arranged;
    const stamps = this.#options.stamps ?? this.#layout.stamps;
    const sorted = order.map((row) => read.times[row] as number);
    const times = stamps === 'open' ? sorted : atOpen(sorted, this.#options.timeframe);
    if (!times) {
      throw new InputError(
        `${this.#name} has one candle, stamped with its end, so that its length is not known. Pass its timeframe.`,
      );
    }
    const { kind, dialect } = this.#records;
    return {
      rows: order.map((row, index) => ({ ...(this.#rows[row] as CandleRow), time: times[index] as number })),
      source: {
        kind,
        format: this.#layout.format,
        ...(kind === 'csv' && { separator: dialect.delimiter }),
        rows: this.#rows.length,
        times: read.unit,
        zone: this.#zone,
        stamps,
        newestFirst,
      },
      duplicates,
      disordered,
      emptyRows: this.#emptyRows,
      rounded: this.#rounded,
      badRows: this.#badRows,
      faults: this.#faults,
    };
  }

  get #skips(): boolean {
    return this.#options.faults === 'skip';
  }

  #begin(layout: Layout, at: number): void {
    const { format } = this.#options;
    if (format !== undefined && format !== layout.format && format !== 'named') {
      throw this.#error(at, `the columns are not those of '${format}', but of '${layout.format}'`);
    }
    this.#layout = layout;
    this.#zone = layout.zone ?? this.#options.zone ?? 'UTC';
    this.#times = new TimeColumn(this.#options, new Zone(this.#zone), this.#records.dialect, shown);
  }

  #readSample(sample: readonly { readonly record: readonly string[]; readonly at: number }[]): void {
    const { format } = this.#options;
    const layout = columnOrder(
      sample.map(({ record }) => record),
      format === 'named' ? undefined : format,
      (cell) => numberIn(cell, this.#records.dialect),
      (cell) => cell.includes(':') && isClock(cell),
      this.#skips ? FAULTY_SHARE : 0,
    );
    const at = sample[0]?.at ?? 1;
    if (typeof layout === 'string') throw this.#error(at, layout);
    this.#begin(layout, at);
    for (const { record, at: place } of sample) this.#takeRow(layout, record, place);
  }

  #takeRow(layout: Layout, record: readonly string[], at: number): void {
    const used = this.#rows.length === 0 ? withoutUnusedClock(layout, record) : layout;
    this.#layout = used;
    if (used.prices.every((column) => record[column] === 'null')) {
      this.#emptyRows++;
      return;
    }
    const row = this.#readRow(used, record);
    const fault = typeof row === 'string' ? row : this.#keep(used, record, row, at);
    if (fault === undefined) return;
    if (!this.#skips) throw this.#error(at, fault);
    this.#badRows++;
    if (this.#faults.length < REPORTED_FAULTS) this.#faults.push({ source: this.#name, at, fault });
  }

  /** @returns what is wrong. */
  #keep({ time, clock }: Layout, record: readonly string[], read: CandleRow, at: number): string | undefined {
    const row = withinTolerance(read, this.#options.tolerance ?? ROUNDING_TOLERANCE);
    const fault =
      candleFault(row) ?? this.#times?.take(record[time] ?? '', clock < 0 ? undefined : record[clock]);
    if (fault !== undefined) return fault;
    if (row !== read) this.#rounded++;
    this.#rows.push(row);
    this.#places.push(at);
    return undefined;
  }

  /** A row whose time is not known yet, or what is wrong. Separators at the end of a row are of no column. */
  #readRow({ width, prices, volume, funding }: Layout, record: readonly string[]): CandleRow | string {
    if (record.length < width || record.slice(width).some((cell) => cell !== '')) {
      const cells = `${record.length} cell${record.length === 1 ? '' : 's'}`;
      return `the row has ${cells} where the ${this.#sample ? 'first row' : 'header'} has ${width}`;
    }
    const { dialect } = this.#records;
    const values: number[] = [];
    for (const [index, column] of [...prices, volume].entries()) {
      const cell = record[column] ?? '';
      const value = column < 0 ? 0 : numberIn(cell, dialect);
      if (value === undefined) {
        const mark = dialect.decimalComma ? 'comma, as others in the file' : 'point';
        const name = PRICE_NAMES[index] ?? 'volume';
        return `${name} is ${shown(cell)}; it must be a number with a decimal ${mark}`;
      }
      values.push(value);
    }
    const [open = 0, high = 0, low = 0, close = 0, traded = 0] = values;
    const row = { time: 0, open, high, low, close, volume: traded };
    if (funding < 0) return row;
    const rate = this.#fundingIn(record[funding] ?? '');
    return typeof rate === 'number' ? { ...row, funding: rate } : rate;
  }

  /** The rate in a cell, NaN in one that has none: rates are due every few hours, and candles may be of minutes. */
  #fundingIn(cell: string): number | string {
    if (/^(?:|null|none|nan|n\/a|-)$/i.test(cell)) return Number.NaN;
    const { dialect } = this.#records;
    const mark = dialect.decimalComma ? 'comma, as others in the file' : 'point';
    return (
      numberIn(cell, dialect) ??
      `the funding rate is ${shown(cell)}; it must be empty, or a number with a decimal ${mark}`
    );
  }

  #error(at: number, fault: string): InputError {
    return new InputError(`${this.#name}, ${this.#records.unit} ${at}: ${fault}.`, { details: { line: at } });
  }
}

/** Beside `date`, the column `time` may hold the whole time, as a date or a number: then that is the time column. */
function withoutUnusedClock(layout: Layout, record: readonly string[]): Layout {
  const cell = record[layout.clock] ?? '';
  const isWhole = /^\d{8,}(?:\.\d+)?$/.test(cell) || parseTime(cell) !== undefined;
  return layout.clock >= 0 && isWhole ? { ...layout, time: layout.clock, clock: -1 } : layout;
}
