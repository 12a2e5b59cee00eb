import { parse } from 'csv-parse/sync';
import { InputError } from '../../faces/errors.js';
import { type Dialect, dialectOf } from './csv-dialect.js';
import { jsonLines, jsonRows } from './json-rows.js';
import type { TextKind } from './report.js';

/** A text as rows of cells, whatever it is written in. The first row may hold names. */
export interface Records {
  readonly kind: TextKind;
  /** What a row is counted in: lines of the text, or rows of a JSON document. */
  readonly unit: 'line' | 'row';
  readonly dialect: Dialect;
  /** Hands out the rows one after the other, so that not all cells of a large file are held as strings. */
  each(take: (record: readonly string[], at: number) => void): void;
}

/** Numbers in JSON have a decimal point. */
export const JSON_DIALECT: Dialect = { delimiter: '', decimalComma: false, skippedLines: 0 };

/** A line of a recorded stream may begin with the time at which it was received. */
const JSON_TEXT = /^\uFEFF?\s*(?:\[|(?:\d+\s+)?\{)/;

/** @throws InputError for a text that is not well-formed. */
export function recordsOf(text: string, name: string): Records {
  if (!JSON_TEXT.test(text)) return csv(text, name);
  return isLines(text)
    ? { kind: 'json-lines', unit: 'line', dialect: JSON_DIALECT, each: (take) => jsonLines(text, name, take) }
    : json(text, name);
}

function json(text: string, name: string): Records {
  return { kind: 'json', unit: 'row', dialect: JSON_DIALECT, each: (take) => jsonRows(text, name, take) };
}

/** Whether the first line is a whole value of its own and not the beginning of a document. */
function isLines(text: string): boolean {
  const [line = ''] = /[^\r\n]+/.exec(text) ?? [];
  if (/^\uFEFF?\s*\d/.test(line)) return true;
  if (line.length === text.trimEnd().length) return false;
  try {
    JSON.parse(line.replace(/^\uFEFF/, ''));
    return true;
  } catch {
    // It goes on in the next line.
    return false;
  }
}

function csv(text: string, name: string): Records {
  const dialect = dialectOf(text);
  return { kind: 'csv', unit: 'line', dialect, each: (take) => csvRows(text, name, dialect, take) };
}

function csvRows(
  text: string,
  name: string,
  dialect: Dialect,
  take: (record: readonly string[], at: number) => void,
): void {
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
        take(record, context.lines);
        return null;
      },
    });
  } catch (error) {
    throw error instanceof InputError ? error : malformed(name, error);
  }
}

function malformed(name: string, error: unknown): InputError {
  const { message, lines: line } = error as { message: string; lines?: number };
  // The parser quotes the cell that it cannot read: it may have megabytes, and characters that drive a terminal.
  const quoted = message.slice(0, 300).replace(/\p{C}/gu, '\uFFFD');
  return new InputError(`${name}: not well-formed CSV: ${quoted}.`, { cause: error, details: { line } });
}
