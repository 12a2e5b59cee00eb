import { readFileSync, statSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { InputError } from '../index.js';
import { MAX_CSV_BYTES } from '../limits.js';
import type { Candles } from './candles.js';
import { RowReader } from './csv-rows.js';

/**
 * Reads candles from a CSV file: a header with `date`, `time` or `timestamp`, then `open`, `high`, `low`,
 * `close` and, if known, `volume`, in any order and any case; other columns are ignored. Rows from old to new.
 *
 * @throws InputError for a file that is missing, a directory or too large, and for all that
 * {@link parseCandles} refuses.
 */
export function readCandles(path: string): Candles {
  return parseCandles(readText(path), path);
}

/**
 * Candles from CSV text. `name` stands in messages.
 *
 * @throws InputError that names the line for missing or doubled columns, cells that are no number, prices of 0
 * or less, a high below a low, dates that are unreadable, doubled or out of order, and when there is no row.
 */
export function parseCandles(text: string, name = 'CSV'): Candles {
  const reader = new RowReader(name);
  try {
    parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
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

function readText(path: string): string {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) throw new InputError(`'${path}' is a directory. Pass the path of a CSV file.`);
    if (stats.size > MAX_CSV_BYTES) {
      throw new InputError(
        `'${path}' has ${stats.size} bytes; the limit is ${MAX_CSV_BYTES}. Split the file.`,
      );
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? String(error)})`;
    throw new InputError(`The file '${path}' ${why}. Check the path.`, { cause: error });
  }
}

function malformed(name: string, error: unknown): InputError {
  const { message, lines: line } = error as { message: string; lines?: number };
  // The parser quotes the cell that it cannot read, and a wrong file may have cells of megabytes.
  return new InputError(`${name}: not well-formed CSV: ${message.slice(0, 300)}.`, {
    cause: error,
    details: { line },
  });
}
