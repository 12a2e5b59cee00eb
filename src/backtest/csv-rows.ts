import { InputError } from '../faces/errors.js';
import { candleFault, fillCandles } from './candle-rows.js';
import type { CandleRow, Candles } from './candles.js';
import { type Dialect, numberIn } from './csv-dialect.js';
import { type Header, headerOf, PRICE_NAMES } from './csv-header.js';
import { parseTime } from './dates.js';
import type { EpochOptions } from './epoch-column.js';
import { SHOWN_CELL_CHARACTERS } from './limits.js';
import { TimeColumn } from './time-column.js';

/** A cell for a message: a wrong file may have cells of megabytes, and characters that drive a terminal. */
export function shown(cell: string): string {
  if (cell === '') return 'empty';
  const start = cell.slice(0, SHOWN_CELL_CHARACTERS).replace(/\p{C}/gu, '\uFFFD');
  return cell.length > SHOWN_CELL_CHARACTERS ? `'${start}…'` : `'${start}'`;
}

/** Turns records into candles, one after the other, and names the line of whatever is wrong. */
export class RowReader {
  readonly #name: string;
  readonly #dialect: Dialect;
  readonly #times: TimeColumn;
  readonly #rows: CandleRow[] = [];
  /** Where each row stands in the file. */
  readonly #lines: number[] = [];
  #header: Header | undefined;

  constructor(name: string, dialect: Dialect, options: EpochOptions) {
    this.#name = name;
    this.#dialect = dialect;
    this.#times = new TimeColumn(options, dialect, shown);
  }

  take(record: readonly string[], line: number): void {
    // Spreadsheets leave rows of nothing but separators behind.
    if (record.every((cell) => cell === '')) return;
    if (!this.#header) {
      const header = headerOf(record, shown);
      if (typeof header === 'string') throw this.#error(line, header);
      this.#header = header;
      return;
    }
    this.#checkWidth(this.#header, record, line);
    if (this.#rows.length === 0) this.#header = withoutUnusedClock(this.#header, record);
    const { time, clock } = this.#header;
    const row = this.#readRow(this.#header, record, line);
    const cell = record[time] ?? '';
    const fault = this.#times.take(cell, clock < 0 ? undefined : record[clock]) ?? candleFault(row);
    if (fault) throw this.#error(line, fault);
    this.#rows.push(row);
    this.#lines.push(line);
  }

  finish(): Candles {
    if (!this.#header)
      throw new InputError(`${this.#name} is empty. Pass a CSV file with a header and candles.`);
    if (this.#rows.length === 0) throw new InputError(`${this.#name} has a header but no candles below it.`);
    const result = this.#times.finish();
    if ('fault' in result) throw this.#error(this.#lines[result.row] as number, result.fault);
    const candles = fillCandles(result.reversed ? this.#rows.reverse() : this.#rows);
    candles.time.set(result.times);
    return candles;
  }

  /** Separators at the end of a row are of no column, in the header or below it. */
  #checkWidth({ width }: Header, record: readonly string[], line: number): void {
    if (record.length >= width && record.slice(width).every((cell) => cell === '')) return;
    const cells = `${record.length} cell${record.length === 1 ? '' : 's'}`;
    throw this.#error(line, `the row has ${cells} where the header has ${width}`);
  }

  /** A row whose time is not known yet. */
  #readRow(header: Header, record: readonly string[], line: number): CandleRow {
    const price = (index: number) =>
      this.#readNumber(record[header.prices[index] as number] ?? '', PRICE_NAMES[index] as string, line);
    const volume = header.volume < 0 ? 0 : this.#readNumber(record[header.volume] ?? '', 'volume', line);
    return { time: 0, open: price(0), high: price(1), low: price(2), close: price(3), volume };
  }

  #readNumber(cell: string, column: string, line: number): number {
    const value = numberIn(cell, this.#dialect);
    if (value !== undefined) return value;
    const mark = this.#dialect.decimalComma ? 'comma, as others in the file' : 'point';
    throw this.#error(line, `${column} is ${shown(cell)}; it must be a number with a decimal ${mark}`);
  }

  #error(line: number, fault: string): InputError {
    return new InputError(`${this.#name}, line ${line}: ${fault}.`, { details: { line } });
  }
}

/** Beside `date`, the column `time` may hold the whole time, as a date or a number: then that is the time column. */
function withoutUnusedClock(header: Header, record: readonly string[]): Header {
  const cell = record[header.clock] ?? '';
  const isWhole = /^\d{8,}(?:\.\d+)?$/.test(cell) || parseTime(cell) !== undefined;
  return header.clock >= 0 && isWhole ? { ...header, time: header.clock, clock: -1 } : header;
}
