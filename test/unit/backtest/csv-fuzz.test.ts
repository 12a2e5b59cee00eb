import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { type Candles, parseCandles } from 'millrace/backtest';
import { InputError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { bounded } from '../../support/bounded.js';
import { checkProperty } from '../../support/property.js';
import { expectUnpolluted } from '../../support/unpolluted.js';

const COLUMNS = ['date', 'open', 'high', 'low', 'close', 'volume'] as const;

/** Candles whose prices are right for each other, with rising times. */
const candles = fc
  .array(
    fc.tuple(
      fc.integer({ min: 1, max: 1e9 }),
      fc.array(fc.double({ min: 0.001, max: 1e9, noNaN: true }), { minLength: 4, maxLength: 4 }),
      fc.double({ min: 0, max: 1e15, noNaN: true }),
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((steps) => {
    let time = Date.UTC(1999, 0, 1);
    return steps.map(([step, prices, volume]) => {
      time += step;
      const [low = 0, open = 0, close = 0, high = 0] = prices.toSorted((a, b) => a - b);
      return { time, open, high, low, close, volume };
    });
  });
type Row = { readonly time: number } & Record<Exclude<(typeof COLUMNS)[number], 'date'>, number>;

/** The ways in which programs write the same thing. */
const dialect = fc.record({
  columns: fc.shuffledSubarray([...COLUMNS, 'Adj Close', '__proto__', 'constructor'], { minLength: 9 }),
  timeName: fc.constantFrom('date', 'Time', 'TIMESTAMP'),
  isEpoch: fc.boolean(),
  isQuoted: fc.boolean(),
  lineEnd: fc.constantFrom('\n', '\r\n'),
  hasMark: fc.boolean(),
  blanks: fc.nat({ max: 2 }),
});
type Dialect = typeof dialect extends fc.Arbitrary<infer Value> ? Value : never;

function write(
  rows: readonly Row[],
  { columns, timeName, isEpoch, isQuoted, lineEnd, hasMark, blanks }: Dialect,
) {
  const quoted = (cell: string) => (isQuoted ? `"${cell}"` : cell);
  const cellOf = (row: Row, column: string): string => {
    if (column === 'date') return isEpoch ? String(row.time) : new Date(row.time).toISOString();
    return Object.hasOwn(row, column) ? String(row[column as 'open']) : 'x';
  };
  const lines = [
    columns.map((column) => quoted(column === 'date' ? timeName : column)),
    ...rows.map((row) => columns.map((column) => quoted(cellOf(row, column)))),
  ];
  const end = lineEnd.repeat(1 + blanks);
  return (hasMark ? '\uFEFF' : '') + lines.map((line) => line.join(',')).join(end) + end;
}

const rowsOf = ({ length, time, ...columns }: Candles): Row[] =>
  Array.from({ length }, (_, index) => {
    const at = (column: 'open' | 'high' | 'low' | 'close' | 'volume') => columns[column][index] as number;
    const [open, high, low] = [at('open'), at('high'), at('low')];
    return { time: time[index] as number, open, high, low, close: at('close'), volume: at('volume') };
  });

/** Candles that hold together, or an error that says what to do. */
function read(text: string): void {
  try {
    const rows = rowsOf(bounded(() => parseCandles(text)));
    expect(rows.length).toBeGreaterThan(0);
    rows.forEach(({ time, open, high, low, close, volume }, index) => {
      expect(time).toBeGreaterThan(rows[index - 1]?.time ?? Number.NEGATIVE_INFINITY);
      expect(Number.isFinite(open + close + high + volume) && volume >= 0 && low > 0).toBe(true);
      expect(high >= Math.max(open, close) && low <= Math.min(open, close)).toBe(true);
    });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.message.length).toBeLessThan(1000);
  }
  expectUnpolluted();
}

const cell = fc.oneof(
  fc.constantFrom(
    '1',
    '0',
    '-1',
    '1e999',
    '1e-400',
    'NaN',
    '',
    '"',
    '""',
    '"1',
    '0x1',
    '1_000',
    '1,5',
    '__proto__',
  ),
  fc.constantFrom(
    '2020-01-01',
    '2020-02-30',
    '20200101',
    'Jan 1 2020',
    '1577836800',
    '-9e99',
    '9'.repeat(400),
  ),
  fc.constantFrom('\0', '\uFEFF', '\u2028', '=1+1', "'; --", '\ud800', 'x'.repeat(3000)),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.double().map(String),
);
const glue = fc.constantFrom(',', ',', ',', '\n', '\n', '\r\n', '\r', ';', '\t', '"', '');

describe('candles from CSV', () => {
  test('are the same in whatever way a program writes them', async () => {
    const property = fc.property(candles, dialect, (rows, ways) => {
      deepStrictEqual(rowsOf(parseCandles(write(rows, ways))), rows);
    });
    await checkProperty(property, { runs: 300 });
  });

  test('come from any text, or an error does', async () => {
    await checkProperty(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => read(text)),
      { runs: 500 },
    );
  });

  test('come from text that looks nearly like it, or an error does', async () => {
    const body = fc.array(fc.tuple(cell, glue), { maxLength: 60 });
    const header = fc.constantFrom('date,open,high,low,close,volume\n', 'open,time,low,high,close\n', '');
    const property = fc.property(header, body, (first, parts) => read(first + parts.flat().join('')));
    await checkProperty(property, { runs: 1000 });
  });

  test('come from damaged candles, or an error does', async () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 3 }), fc.oneof(cell, glue)), {
      minLength: 1,
      maxLength: 4,
    });
    const property = fc.property(candles, dialect, edits, (rows, ways, changes) => {
      let text = write(rows, ways);
      for (const [at, length, piece] of changes) {
        const start = at % (text.length + 1);
        text = text.slice(0, start) + piece + text.slice(start + length);
      }
      read(text);
    });
    await checkProperty(property, { runs: 300 });
  });
});
