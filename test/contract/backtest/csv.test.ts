import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCandles, readCandles } from 'millrace/backtest';
import { InputError } from 'millrace/errors';
import { afterAll, describe, expect, test } from 'vitest';

const HEADER = 'date,open,high,low,close,volume';

/** The error of a text, which must be coded and must name the line. */
function faultOf(text: string): { message: string; line: unknown } {
  try {
    parseCandles(text, 'x.csv');
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    const { message, code, details } = error as InputError;
    expect(code).toBe('MILLRACE_INPUT');
    return { message, line: details.line };
  }
  throw new Error('It was accepted.');
}

describe('candles from CSV', () => {
  test('columns are found by name, in any order and case, and others are ignored', () => {
    const candles = parseCandles('Volume,CLOSE, Low ,High,Open,Adj Close,Date\n7,3,1,4,2,99,2020-04-17\n');
    expect(candles.length).toBe(1);
    expect([candles.open[0], candles.high[0], candles.low[0], candles.close[0]]).toEqual([2, 4, 1, 3]);
    expect(candles.volume[0]).toBe(7);
    expect(candles.time[0]).toBe(Date.UTC(2020, 3, 17));
  });

  test('a file without volume, with a byte order mark, CRLF, quotes and blank lines is read', () => {
    const candles = parseCandles(
      '\uFEFFtime,open,high,low,close\r\n\r\n"2020-01-01","1","2","0.5","1.5"\r\n\r\n',
    );
    expect([...candles.volume]).toEqual([0]);
    expect(candles.high[0]).toBe(2);
  });

  test('exponents and signs are numbers', () => {
    expect(parseCandles(`${HEADER}\n2020-01-01,1e0,+2,5e-1,1.,1E3\n`).volume[0]).toBe(1000);
  });

  test.each([
    ['no time column', 'day,open,high,low,close\n', 1, /lacks date .*it has 'day', 'open'/],
    ['no price column', 'date,open,close\n', 1, /lacks high, low/],
    ['a doubled column', 'date,open,high,low,close,close\n', 1, /two columns named 'close'/],
    ['text for a number', `${HEADER}\n2020-01-01,1,2,abc,1,1\n`, 2, /low is 'abc'/],
    ['an empty cell', `${HEADER}\n2020-01-01,1,2,,1,1\n`, 2, /low is empty/],
    ['a decimal comma', `${HEADER}\n2020-01-01,"1,5",2,1,1,1\n`, 2, /open is '1,5'/],
    ['NaN', `${HEADER}\n2020-01-01,NaN,2,1,1,1\n`, 2, /open is 'NaN'/],
    ['Infinity', `${HEADER}\n2020-01-01,1,Infinity,1,1,1\n`, 2, /high is 'Infinity'/],
    ['an overflowing number', `${HEADER}\n2020-01-01,1,1e999,1,1,1\n`, 2, /high is Infinity/],
    ['a hexadecimal number', `${HEADER}\n2020-01-01,0x1,2,1,1,1\n`, 2, /open is '0x1'/],
    ['a negative price', `${HEADER}\n2020-01-01,1,2,-1,1,1\n`, 2, /low is -1/],
    ['a price of 0', `${HEADER}\n2020-01-01,0,2,0,1,1\n`, 2, /open is 0/],
    ['a negative volume', `${HEADER}\n2020-01-01,1,2,1,1,-1\n`, 2, /volume is -1/],
    ['high below low', `${HEADER}\n2020-01-01,1,1,2,1,1\n`, 2, /high 1 is below low 2/],
    ['high below close', `${HEADER}\n2020-01-01,1,2,1,3,1\n`, 2, /high 2 is below open or close/],
    ['low above open', `${HEADER}\n2020-01-01,1,3,2,3,1\n`, 2, /low 2 is above open or close/],
    ['a wrong date', `${HEADER}\n17/04/2020,1,2,1,1,1\n`, 2, /'17\/04\/2020' is not a date/],
    ['no such day', `${HEADER}\n2023-02-29,1,2,1,1,1\n`, 2, /'2023-02-29' is not a date/],
    ['a missing date', `${HEADER}\n,1,2,1,1,1\n`, 2, /empty is not a date/],
    [
      'a doubled date',
      `${HEADER}\n2020-01-01,1,2,1,1,1\n2020-01-01,1,2,1,1,1\n`,
      3,
      /2020-01-01 is the same date/,
    ],
    [
      'falling dates',
      `${HEADER}\n2020-01-02,1,2,1,1,1\n\n2020-01-01,1,2,1,1,1\n`,
      4,
      /earlier than .*2020-01-02/,
    ],
    ['a short row', `${HEADER}\n2020-01-01,1,2\n`, 2, /the row has 3 cells where the header has 6/],
    ['an open quote', `${HEADER}\n"2020-01-01,1,2,1,1,1\n`, 2, /[Qq]uote/],
  ])('%s is refused with the line', (_, text, line, message) => {
    const fault = faultOf(text);
    expect(fault.message).toMatch(message);
    expect(fault.line).toBe(line);
  });

  test.each([
    ['no rows', `${HEADER}\n`, /no candles/],
    ['nothing at all', '', /is empty/],
    ['blank lines only', '\n\n', /is empty/],
  ])('%s is refused', (_, text, message) => {
    expect(faultOf(text).message).toMatch(message);
  });

  test('a long cell of a wrong file does not flood the message', () => {
    expect(faultOf(`${'x'.repeat(10_000)},y\n1,2\n`).message.length).toBeLessThan(200);
  });
});

describe('candles from a file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-csv-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  test('a missing file, a directory and a good file', () => {
    expect(() => readCandles(join(directory, 'none.csv'))).toThrow(/does not exist/);
    expect(() => readCandles(directory)).toThrow(/is a directory/);
    const path = join(directory, 'good.csv');
    writeFileSync(path, `${HEADER}\n2020-01-01,1,2,1,1,1\n`);
    expect(readCandles(path).length).toBe(1);
  });

  test('the daily S&P 500 candles of the main job', () => {
    const path = new URL('../../../node_modules/vega-datasets/data/sp500-2000.csv', import.meta.url).pathname;
    const candles = readCandles(path);
    // The file's last line has no line end, so that counting line ends finds one candle less.
    expect(candles.length).toBe(5105);
    expect(candles.start).toBe(Date.UTC(2000, 0, 3));
    expect(candles.end).toBe(Date.UTC(2020, 3, 17));
    expect(candles.close[5104]).toBe(2874.560059);
  });
});
