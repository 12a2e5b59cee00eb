import { parseCandles } from 'millrace/backtest';
import { expect, test } from 'vitest';

/** The time that a cell is read as, in ISO form. */
function read(cell: string): string {
  const candles = parseCandles(`date,open,high,low,close\n"${cell}",1,1,1,1\n`);
  return new Date(candles.start).toISOString();
}

test.each([
  ['2020-04-17', '2020-04-17T00:00:00.000Z'],
  ['2020/04/17', '2020-04-17T00:00:00.000Z'],
  ['2020-04-17T09:30', '2020-04-17T09:30:00.000Z'],
  ['2020-04-17 09:30:05', '2020-04-17T09:30:05.000Z'],
  ['2020-04-17T09:30:05.25Z', '2020-04-17T09:30:05.250Z'],
  ['2020-04-17T09:30:00+09:00', '2020-04-17T00:30:00.000Z'],
  ['2020-04-17 09:30:00-0530', '2020-04-17T15:00:00.000Z'],
  ['2020-04-17 09:30:00 UTC', '2020-04-17T09:30:00.000Z'],
  ['Jan 1 2000', '2000-01-01T00:00:00.000Z'],
  ['apr 17, 2020', '2020-04-17T00:00:00.000Z'],
  ['September 30 1999', '1999-09-30T00:00:00.000Z'],
  ['20200417', '2020-04-17T00:00:00.000Z'],
  ['1587081600', '2020-04-17T00:00:00.000Z'],
  ['1587081600.5', '2020-04-17T00:00:00.500Z'],
  ['1587081600000', '2020-04-17T00:00:00.000Z'],
  ['-1325376000', '1928-01-02T00:00:00.000Z'],
  ['2000-02-29', '2000-02-29T00:00:00.000Z'],
])('%s is %s', (cell, expected) => {
  expect(read(cell)).toBe(expected);
});

test.each([
  '1900-02-29',
  '2020-13-01',
  '2020-00-10',
  '2020-01-00',
  '2020-04-31',
  '20201301',
  '2020-04-17T24:00',
  '2020-04-17T09:60',
  '2020-04-17T09:30+15:00',
  'Foo 1 2000',
  'Januar 1 2000',
  'Jan 32 2000',
  'yesterday',
  '1e99',
  '99999999999999999999',
])('%s is no date', (cell) => {
  expect(() => read(cell)).toThrow(/is not a date/);
});

test('the time zone of the machine plays no part', () => {
  const zone = process.env.TZ;
  try {
    for (const other of ['America/New_York', 'Asia/Seoul', 'Pacific/Apia']) {
      process.env.TZ = other;
      expect(read('Apr 17 2020')).toBe('2020-04-17T00:00:00.000Z');
      expect(read('2020-04-17 09:30')).toBe('2020-04-17T09:30:00.000Z');
    }
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});
