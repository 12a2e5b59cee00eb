import { READ_CHUNK_CHARACTERS } from '../limits.js';
import { SQL_CELL_CHARACTERS, SQL_WIDTH_ROWS } from './limits.js';
import { complain, jsonLine, print, printExactly, shortened } from './output.js';

type Row = Readonly<Record<string, unknown>>;

/** An answer whose rows come one by one. */
export interface Answer extends Iterable<Row> {
  readonly columns: readonly string[];
}

export interface AnswerOptions {
  readonly format: 'table' | 'json' | 'csv';
  /** Rows that are printed at most. */
  readonly limit: number;
  /** Characters in a line of the terminal; undefined when there is none, and then nothing is cut. */
  readonly width: number | undefined;
}

/** Prints an answer while it is made; of its rows no more are held than decide the widths of the columns. */
export async function printAnswer(answer: Answer, { format, limit, width }: AnswerOptions): Promise<void> {
  let left = limit;
  let isCut = false;
  function* limited(): Generator<Row> {
    for (const row of answer) {
      if (left-- === 0) {
        isCut = true;
        return;
      }
      yield row;
    }
  }
  const lines = LINES[format]({ columns: answer.columns, [Symbol.iterator]: limited }, width);
  const write = format === 'csv' ? printExactly : print;
  let chunk = '';
  for (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < READ_CHUNK_CHARACTERS) continue;
    await write(chunk);
    chunk = '';
  }
  await write(chunk);
  if (isCut) complain(`… and more than ${limit} rows; see --limit\n`);
  else if (format === 'table' && left === limit) complain('No rows.\n');
}

const LINES = { table: tableLines, json: jsonLines, csv: csvLines } as const;

function* jsonLines(answer: Answer): Generator<string> {
  for (const row of answer) yield jsonLine(row);
}

function* csvLines(answer: Answer): Generator<string> {
  yield answer.columns.map(csvCell).join(',');
  for (const row of answer) yield answer.columns.map((name) => csvCell(row[name])).join(',');
}

function csvCell(value: unknown): string {
  const text = cellText(value, '');
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function* tableLines(answer: Answer, width: number | undefined): Generator<string> {
  const { columns } = answer;
  let first: Row[] | undefined = [];
  let layout: readonly Column[] = [];
  for (const row of answer) {
    if (!first) {
      yield lineOf(layout, row);
      continue;
    }
    first.push(row);
    if (first.length < SQL_WIDTH_ROWS) continue;
    layout = layoutOf(columns, first, width);
    yield headings(layout);
    for (const one of first) yield lineOf(layout, one);
    first = undefined;
  }
  if (!first) return;
  layout = layoutOf(columns, first, width);
  yield headings(layout);
  for (const one of first) yield lineOf(layout, one);
}

interface Column {
  readonly name: string;
  readonly width: number;
  /** Numbers stand at the right. */
  readonly isNumber: boolean;
}

const GAP = '  ';

function layoutOf(names: readonly string[], rows: readonly Row[], width: number | undefined): Column[] {
  const columns = names.map((name) => {
    const cells = rows.map((row) => row[name]);
    const isNumber = cells.every((cell) => cell === null || ['number', 'bigint'].includes(typeof cell));
    return { name, isNumber, width: Math.max(...[name, ...cells].map((cell) => widthOf(cell))) };
  });
  if (width !== undefined) narrow(columns, width - GAP.length * (columns.length - 1));
  return columns;
}

function widthOf(cell: unknown): number {
  return shortened(cellText(cell, 'NULL'), Number.POSITIVE_INFINITY).length;
}

/** Takes from the widest column until all fit, but from none its last few characters. */
function narrow(columns: { width: number }[], room: number): void {
  const total = () => columns.reduce((sum, { width }) => sum + width, 0);
  while (total() > room) {
    const [widest, next] = columns.toSorted((a, b) => b.width - a.width);
    if (!widest || widest.width <= SQL_CELL_CHARACTERS) return;
    const least = Math.max(SQL_CELL_CHARACTERS, (next?.width ?? 0) - 1, widest.width - (total() - room));
    widest.width = Math.min(widest.width - 1, least);
  }
}

function headings(layout: readonly Column[]): string {
  return lineOf(layout, Object.fromEntries(layout.map(({ name }) => [name, name])));
}

function lineOf(layout: readonly Column[], row: Row): string {
  return layout
    .map(({ name, width, isNumber }) => {
      const text = shortened(cellText(row[name], 'NULL'), Number.POSITIVE_INFINITY);
      const cell = text.length > width ? `${text.slice(0, width - 1)}…` : text;
      return isNumber ? cell.padStart(width) : cell.padEnd(width);
    })
    .join(GAP)
    .trimEnd();
}

function cellText(value: unknown, none: string): string {
  if (value === null || value === undefined) return none;
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}
