import { types } from 'node:util';
import { checkResult, oneOf } from '../given.js';
import type { BacktestResult } from '../runs/result.js';

/** The tables of a result. `equity`: a row per candle, with position, benchmark and what the strategy recorded. */
export type CsvTable = 'trades' | 'orders' | 'fills' | 'equity';

/**
 * A table of a result as CSV: a header, commas, lines that end in a line feed, times as ISO text in UTC, numbers in
 * full. A text that a spreadsheet would take for a formula gets an apostrophe before it.
 *
 * @throws InvalidOptionError for what is no result, and a table that there is not.
 */
export function resultCsv(result: BacktestResult, table: CsvTable): string {
  checkResult('resultCsv', result);
  oneOf("resultCsv: 'table'", table, TABLES);
  const { names, rows } = tableOf(result, table);
  const lines = rows.map((row) =>
    names.map((name) => cell(name, (row as Record<string, unknown>)[name])).join(','),
  );
  return `${[names.map((name) => cell('', name)).join(','), ...lines].join('\n')}\n`;
}

export const TABLES: readonly CsvTable[] = ['trades', 'orders', 'fills', 'equity'];

/** The rows of a table, and the names of its columns. */
export function tableOf(result: BacktestResult, table: CsvTable) {
  const rows: readonly object[] = table === 'equity' ? equityRows(result) : result[table];
  const [first] = rows;
  return { names: first ? Object.keys(first) : HEADERS[table], rows };
}

/** Whether a column holds times. */
export function isTimeColumn(name: string): boolean {
  return /(?:^t|T)ime$/.test(name);
}

/** The columns of a table without rows. */
const HEADERS: Readonly<Record<CsvTable, readonly string[]>> = {
  trades: [
    'number',
    'position',
    'side',
    'quantity',
    'entryPrice',
    'exitPrice',
    'entryTime',
    'exitTime',
    'profit',
  ],
  orders: ['number', 'kind', 'side', 'status', 'time', 'quantity', 'filledQuantity', 'averagePrice'],
  fills: ['number', 'order', 'time', 'side', 'price', 'quantity', 'commission'],
  equity: ['time', 'equity', 'position', 'benchmark'],
};

function equityRows({ equity, benchmark, plots }: BacktestResult): readonly object[] {
  const columns: [name: string, values: Float64Array][] = [
    ['time', equity.time],
    ['equity', equity.equity],
    ['position', equity.position],
    ...Object.entries(equity.positions ?? {}).map(([name, held]): [string, Float64Array] => [
      `position ${name}`,
      held,
    ]),
    ['benchmark', benchmark.equity],
  ];
  const taken = new Set(columns.map(([name]) => name));
  for (const { name, values } of plots) columns.push([freeName(name, taken), values]);
  return Array.from(equity.time, (_, bar) =>
    Object.fromEntries(columns.map(([name, values]) => [name, values[bar]])),
  );
}

/** What a strategy recorded under the name of a column, or in two markets under one name, is a column as well. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let count = 2; taken.has(free); count++) free = `${name} (${count})`;
  taken.add(free);
  return free;
}

function cell(name: string, value: unknown): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (typeof value === 'number') return isTimeColumn(name) ? new Date(value).toISOString() : String(value);
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A result as JSON: columns as lists of numbers, null where a value is missing. @throws InvalidOptionError for what is no result. */
export function resultJson(result: BacktestResult): string {
  checkResult('resultJson', result);
  return JSON.stringify(result, (_name, value: unknown) =>
    types.isFloat64Array(value)
      ? Array.from(value, (number) => (Number.isFinite(number) ? number : null))
      : value,
  );
}
