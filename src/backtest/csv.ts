import { parse } from 'csv-parse/sync';
import { optionNames, takeOptions } from '../events/known-options.js';
import { InputError, InvalidOptionError } from '../faces/errors.js';
import type { Candles } from './candles.js';
import { dialectOf } from './csv-dialect.js';
import { RowReader } from './csv-rows.js';
import { readCsvText } from './csv-text.js';
import { type EpochOptions, TIME_UNITS } from './epoch-column.js';

/** How the times of candles are read. */
export type CandleOptions = EpochOptions;

const CANDLES = optionNames<CandleOptions>('The reading of candles', { timeUnit: true, years: true });

/**
 * Reads candles from a CSV file: a header with `date`, `time` or `timestamp`, then `open`, `high`, `low`,
 * `close` and, if known, `volume`, in any order and any case; other columns are ignored. Rows from old to new, or all
 * from new to old. Separators, decimal commas, compression with gzip and the unit of numeric times are found out; see
 * docs/backtests.md. A pipe is read as well, up to `MAX_CSV_BYTES` as a file.
 *
 * @throws InputError for a file that is missing, a directory, too large or something other than CSV (which is named),
 * and for all that {@link parseCandles} refuses. InvalidOptionError.
 */
export function readCandles(path: string, options: CandleOptions = {}): Candles {
  const known = checked(options);
  return parseCandles(readCsvText(path), path, known);
}

/**
 * Candles from CSV text. `name` stands in messages.
 *
 * @throws InputError that names the line for missing or doubled columns, cells that are no number, prices of 0
 * or less, a high below a low, dates that are unreadable, in another unit, doubled or out of order, and when there is
 * no row. InvalidOptionError.
 */
export function parseCandles(text: string, name = 'CSV', options: CandleOptions = {}): Candles {
  const known = checked(options);
  const dialect = dialectOf(text);
  const reader = new RowReader(name, dialect, known);
  try {
    parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      delimiter: dialect.delimiter,
      // All of them, because a file may have been put together of parts.
      record_delimiter: ['\r\n', '\n', '\r'],
      // The reader counts cells itself: separators too many at the end are no fault.
      relax_column_count: true,
      from_line: dialect.skippedLines + 1,
      // Rows are taken as they come, so that the parser never holds all cells of the file as strings.
      on_record: (record: string[], context: { readonly lines: number }) => {
        reader.take(record, context.lines);
        return null;
      },
    });
  } catch (error) {
    throw error instanceof InputError ? error : malformed(name, error);
  }
  return reader.finish();
}

/** @returns the options, each read once. @throws InvalidOptionError */
function checked(options: CandleOptions): CandleOptions {
  const taken = takeOptions(options, CANDLES);
  const { timeUnit, years } = taken;
  if (timeUnit !== undefined && !TIME_UNITS.includes(timeUnit)) {
    throw new InvalidOptionError(
      `Option timeUnit is '${timeUnit}'; it must be one of ${TIME_UNITS.join(', ')}.`,
    );
  }
  if (years === undefined) return taken;
  const [first, last] = Array.isArray(years) ? years : [];
  if (isYear(first) && isYear(last) && first <= last) return taken;
  throw new InvalidOptionError(
    'Option years must be the first and the last year, from 1 to 9999, such as [1900, 2100].',
  );
}

function isYear(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 9999;
}

function malformed(name: string, error: unknown): InputError {
  const { message, lines: line } = error as { message: string; lines?: number };
  // The parser quotes the cell that it cannot read: it may have megabytes, and characters that drive a terminal.
  const shown = message.slice(0, 300).replace(/\p{C}/gu, '\uFFFD');
  return new InputError(`${name}: not well-formed CSV: ${shown}.`, { cause: error, details: { line } });
}
