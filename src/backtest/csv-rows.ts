import { InputError } from '../index.js';
import { candleFault, fillCandles, orderFault } from './candle-rows.js';
import type { CandleRow, Candles } from './candles.js';
import { parseTime, TIME_FORMS } from './dates.js';

/** Header names of the time column, the preferred one first. */
const TIME_NAMES = ['timestamp', 'date', 'time'];
const PRICE_NAMES = ['open', 'high', 'low', 'close'] as const;

/** A number as programs write it. `Number` alone would also take '', '0x10' and ' 1 '. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A cell for a message: a wrong file may have cells of megabytes. */
function shown(cell: string): string {
  if (cell === '') return 'empty';
  return cell.length > 40 ? `'${cell.slice(0, 40)}…'` : `'${cell}'`;
}

/** Where the columns are; -1 for a missing volume. */
interface Header {
  readonly time: number;
  readonly prices: readonly number[];
  readonly volume: number;
}

/** Turns records into candles, one after the other, and names the line of whatever is wrong. */
export class RowReader {
  readonly #name: string;
  readonly #rows: CandleRow[] = [];
  #header: Header | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  take(record: readonly string[], line: number): void {
    if (!this.#header) {
      this.#header = this.#readHeader(record, line);
      return;
    }
    const row = this.#readRow(this.#header, record, line);
    const previous = this.#rows.at(-1);
    const fault = candleFault(row) ?? (previous && orderFault(previous.time, row.time));
    if (fault) throw this.#error(line, fault);
    this.#rows.push(row);
  }

  finish(): Candles {
    if (!this.#header)
      throw new InputError(`${this.#name} is empty. Pass a CSV file with a header and candles.`);
    if (this.#rows.length === 0) throw new InputError(`${this.#name} has a header but no candles below it.`);
    return fillCandles(this.#rows);
  }

  #readHeader(record: readonly string[], line: number): Header {
    const names = record.map((cell) => cell.toLowerCase());
    const time = TIME_NAMES.find((name) => names.includes(name));
    const missing: string[] = PRICE_NAMES.filter((name) => !names.includes(name));
    if (time === undefined) missing.unshift('date (or time, or timestamp)');
    if (missing.length > 0 || time === undefined) {
      const found = names.slice(0, 12).map(shown).join(', ');
      throw this.#error(line, `the header lacks ${missing.join(', ')}; it has ${found}`);
    }
    const twice = [time, ...PRICE_NAMES, 'volume'].find(
      (name) => names.indexOf(name) !== names.lastIndexOf(name),
    );
    if (twice) throw this.#error(line, `the header has two columns named '${twice}'`);
    return {
      time: names.indexOf(time),
      prices: PRICE_NAMES.map((name) => names.indexOf(name)),
      volume: names.indexOf('volume'),
    };
  }

  #readRow(header: Header, record: readonly string[], line: number): CandleRow {
    const cell = record[header.time] ?? '';
    const time = parseTime(cell);
    if (time === undefined)
      throw this.#error(line, `${shown(cell)} is not a date. Known forms: ${TIME_FORMS}`);
    const price = (index: number) =>
      this.#readNumber(record[header.prices[index] as number] ?? '', PRICE_NAMES[index] as string, line);
    const volume = header.volume < 0 ? 0 : this.#readNumber(record[header.volume] ?? '', 'volume', line);
    return { time, open: price(0), high: price(1), low: price(2), close: price(3), volume };
  }

  #readNumber(cell: string, column: string, line: number): number {
    if (NUMBER.test(cell)) return Number(cell);
    throw this.#error(line, `${column} is ${shown(cell)}; it must be a number with a decimal point`);
  }

  #error(line: number, fault: string): InputError {
    return new InputError(`${this.#name}, line ${line}: ${fault}.`, { details: { line } });
  }
}
