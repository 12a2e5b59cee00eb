import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CandleOptions,
  candlesFromRows,
  gapsOf,
  importCandles,
  onOneClock,
  parseCandles,
  resample,
} from 'millrace/backtest';
import { InputError, InvalidOptionError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../support/temp-folder.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const HEADER = 'time,open,high,low,close,volume';

const folder = tempFolder();
let files = 0;
function file(...rows: readonly string[]): string {
  const path = join(folder, `candles-${++files}.csv`);
  writeFileSync(path, `${HEADER}\n${rows.join('\n')}\n`);
  return path;
}

const timesOf = (rows: readonly string[], options: CandleOptions = {}) =>
  [
    ...parseCandles(`${HEADER}\n${rows.map((time) => `${time},1,2,1,1,1\n`).join('')}`, 'x', options).time,
  ].map((time) => new Date(time).toISOString());

describe('the zone of written times', () => {
  test.each([
    ['Asia/Seoul', '2024-06-03 09:00', '2024-06-03T00:00:00.000Z'],
    ['+09:00', '2024-06-03 09:00', '2024-06-03T00:00:00.000Z'],
    ['-0330', '2024-06-03 09:00', '2024-06-03T12:30:00.000Z'],
    ['America/New_York', '2024-06-03 09:30', '2024-06-03T13:30:00.000Z'],
    ['America/New_York', '2024-01-03 09:30', '2024-01-03T14:30:00.000Z'],
    ['America/New_York', '2024-01-03 09:30Z', '2024-01-03T09:30:00.000Z'],
    ['America/New_York', '2024-01-03T09:30+01:00', '2024-01-03T08:30:00.000Z'],
    ['America/New_York', '2024-01-03', '2024-01-03T05:00:00.000Z'],
    ['America/New_York', '1704292200', '2024-01-03T14:30:00.000Z'],
  ])('%s: %s is %s', (zone, written, expected) => {
    expect(timesOf([written], { zone })).toEqual([expected]);
  });

  test('the hour that is repeated when the clock is put back is read as two', () => {
    const written = ['2024-11-03 00:30', '2024-11-03 01:30', '2024-11-03 01:30', '2024-11-03 02:30'];
    expect(timesOf(written, { zone: 'America/New_York' })).toEqual([
      '2024-11-03T04:30:00.000Z',
      '2024-11-03T05:30:00.000Z',
      '2024-11-03T06:30:00.000Z',
      '2024-11-03T07:30:00.000Z',
    ]);
  });

  test('a time that the clocks skipped is an error, and so is a zone that is none', () => {
    expect(() => timesOf(['2024-03-10 02:30'], { zone: 'America/New_York' })).toThrow(
      /line 2: '2024-03-10 02:30' is a time that the clocks of America\/New_York skipped/,
    );
    expect(() => timesOf(['2024-03-10'], { zone: 'Atlantis' })).toThrow(InvalidOptionError);
  });

  test('a column that says its zone in its name has that', () => {
    const text = (name: string) => `${name},open,high,low,close\n2024-06-03 09:00,1,1,1,1\n`;
    const startOf = (name: string) => parseCandles(text(name), 'x', { zone: 'Asia/Tokyo' }).start;
    expect(startOf('date_utc')).toBe(Date.UTC(2024, 5, 3, 9));
    expect(startOf('candle_date_time_kst')).toBe(Date.UTC(2024, 5, 3));
    expect(startOf('date')).toBe(Date.UTC(2024, 5, 3));
  });
});

describe('times at which candles end', () => {
  test('are moved to where they begin, also where they end a moment before', () => {
    const rows = ['2024-01-01 00:01', '2024-01-01 00:02', '2024-01-01 00:04'];
    expect(timesOf(rows, { stamps: 'close' })[0]).toBe('2024-01-01T00:00:00.000Z');
    const ends = rows.map((row) => `${Date.parse(`${row.replace(' ', 'T')}Z`) - 1}`);
    expect(timesOf(ends, { stamps: 'close' })[2]).toBe('2024-01-01T00:03:00.000Z');
  });

  test('are known by the name of their column', () => {
    const { report, candles } = importCandles(
      (() => {
        const path = join(folder, 'ends.csv');
        writeFileSync(path, `close_time,open,high,low,close\n${DAY},1,1,1,1\n${2 * DAY},1,1,1,1\n`);
        return path;
      })(),
      { timeUnit: 'ms' },
    );
    expect([...candles.time]).toEqual([0, DAY]);
    expect(report.sources[0]?.stamps).toBe('close');
  });

  test('of months are moved by calendar, and of a single candle by what the option says', () => {
    expect(timesOf(['2024-02-01', '2024-03-01', '2024-04-01'], { stamps: 'close' })).toEqual([
      '2024-01-01T00:00:00.000Z',
      '2024-02-01T00:00:00.000Z',
      '2024-03-01T00:00:00.000Z',
    ]);
    expect(timesOf(['2024-02-01'], { stamps: 'close', timeframe: '1d' })).toEqual([
      '2024-01-31T00:00:00.000Z',
    ]);
    expect(() => timesOf(['2024-02-01'], { stamps: 'close' })).toThrow(/length is not known/);
  });
});

describe('rows that are wrong', () => {
  const rows = [
    '2024-01-01,10,12,9,11,1',
    '2024-01-02,10,9,12,11,1',
    '2024-01-04,10,12,9,11,1',
    '2024-01-03,10,12,9,10,1',
    'Monday,10,12,9,11,1',
    '2024-01-05,10,12,9,11,1',
    '2024-01-05,10,13,9,11,1',
    '2024-01-06,10,12',
  ];

  test('are refused at the first, or left out, sorted, and reported', () => {
    const path = file(...rows);
    expect(() => importCandles(path)).toThrow(/line 3: high 9 is below low 12/);
    const { candles, report } = importCandles(path, { faults: 'skip' });
    expect([...candles.time].map((time) => new Date(time).getUTCDate())).toEqual([1, 3, 4, 5]);
    expect(candles.high[3]).toBe(13);
    expect(report).toMatchObject({ badRows: 3, disordered: 1, duplicates: 1, candles: 4 });
    expect(report.faults.map(({ at }) => at)).toEqual([3, 6, 9]);
    expect(report.faults[2]?.fault).toMatch(/3 cells where the header has 6/);
    expect(report.gaps).toMatchObject({ count: 1, missing: 1 });
  });

  test('a report names the first twenty, and counts the others', () => {
    const bad = Array.from({ length: 30 }, () => 'x,1,1,1,1,1');
    const { report } = importCandles(file('2024-01-01,1,1,1,1,1', ...bad), { faults: 'skip' });
    expect(report.badRows).toBe(30);
    expect(report.faults).toHaveLength(20);
    expect(() => importCandles(file(...bad), { faults: 'skip' })).toThrow(/no candles/);
  });

  test('within the tolerance high and low are put right, and counted', () => {
    const path = file('2024-01-01,100,99.99999,98,100,1', '2024-01-02,100,101,100.00001,100,1');
    const { candles, report } = importCandles(path);
    expect([candles.high[0], candles.low[1]]).toEqual([100, 100]);
    expect(report.rounded).toBe(2);
    expect(() => importCandles(path, { tolerance: 0 })).toThrow(/line 2: high 99.99999 is below/);
    expect(() => importCandles(file('2024-01-01,100,99.9,98,100,1'))).toThrow(/is below open or close/);
    expect(importCandles(file('2024-01-01,100,99.9,98,100,1'), { tolerance: 0.01 }).candles.high[0]).toBe(
      100,
    );
    expect(() => importCandles(path, { tolerance: 2 })).toThrow(InvalidOptionError);
  });
});

describe('several files', () => {
  const first = file('2024-01-01,1,1,1,1,1', '2024-01-02,2,2,2,2,2', '2024-01-03,3,3,3,3,3');

  test('are joined in the order of their times, and what they share counts once', () => {
    const second = file('2024-01-03,3,3,3,3,3', '2024-01-04,4,4,4,4,4', '2024-01-05,5,5,5,5,5');
    const { candles, report } = importCandles([second, first]);
    expect([...candles.close]).toEqual([1, 2, 3, 4, 5]);
    expect(report).toMatchObject({ duplicates: 1, candles: 5 });
    expect(report.sources).toHaveLength(2);
  });

  test('have a unit each: what Binance changed between two months is no fault', () => {
    const [december, january] = [Date.UTC(2024, 11, 31), Date.UTC(2025, 0, 1)];
    const { candles } = importCandles([file(`${december},1,1,1,1,1`), file(`${january}000,1,1,1,1,1`)]);
    expect([...candles.time]).toEqual([december, january]);
  });

  test('that contradict each other, or have other timeframes, are refused', () => {
    const other = file('2024-01-03,9,9,9,9,9', '2024-01-04,4,4,4,4,4', '2024-01-05,5,5,5,5,5');
    expect(() => importCandles([first, other])).toThrow(/different candles of 2024-01-03/);
    expect(importCandles([first, other], { faults: 'skip' }).candles.close[2]).toBe(9);
    const weekly = file('2024-01-08,1,1,1,1,1', '2024-01-15,1,1,1,1,1', '2024-01-22,1,1,1,1,1');
    expect(() => importCandles([first, weekly])).toThrow(/candles of 1d, and .* of 1w/);
    expect(() => importCandles([])).toThrow(InputError);
    expect(() => importCandles(undefined as never)).toThrow(InvalidOptionError);
    expect(() => importCandles([first, 5 as never])).toThrow(InvalidOptionError);
  });
});

describe('gaps', () => {
  const at = (...times: readonly number[]) =>
    gapsOf({ time: Float64Array.from(times), length: times.length });

  test('are counted by the timeframe of the candles, with the largest', () => {
    const minutes = [0, 1, 2, 5, 6, 7, 8, 18, 19, 20].map((minute) => minute * MINUTE);
    expect(at(...minutes)).toEqual({
      count: 2,
      missing: 11,
      first: [
        { after: 2 * MINUTE, before: 5 * MINUTE, missing: 2 },
        { after: 8 * MINUTE, before: 18 * MINUTE, missing: 9 },
      ],
      largest: { after: 8 * MINUTE, before: 18 * MINUTE, missing: 9 },
      withoutWeekends: false,
    });
  });

  test('of candles at odd distances are counted, too', () => {
    expect(at(0, 31_557_600_123, 3 * 31_557_600_123)).toMatchObject({ count: 1, missing: 1 });
  });

  test('of a market that is closed at weekends are those of its days', () => {
    const monday = Date.UTC(2024, 0, 1);
    const days = [0, 1, 2, 3, 4, 7, 8, 10, 11, 14, 28].map((day) => monday + day * DAY);
    expect(at(...days)).toMatchObject({ count: 2, missing: 10, withoutWeekends: true });
    expect(at(monday)).toMatchObject({ count: 0 });
  });
});

describe('coarser timeframes', () => {
  const minutes = (...from: readonly number[]) =>
    candlesFromRows(
      from.map((minute) => ({
        time: Date.UTC(2024, 0, 1) + minute * MINUTE,
        open: 100 + minute,
        high: 110 + minute,
        low: 90 + minute,
        close: 101 + minute,
        volume: 1,
      })),
    );

  test('have the first open, the last close, the extremes and the sum', () => {
    const source = minutes(0, 1, 2, 3, 4, 5, 6);
    const { candles } = resample(source, '5m');
    expect([...candles.open]).toEqual([100, 105]);
    expect([...candles.high]).toEqual([114, 116]);
    expect([...candles.low]).toEqual([90, 95]);
    expect([...candles.close]).toEqual([105, 107]);
    expect([...candles.volume]).toEqual([5, 2]);
    expect(candles.end).toBe(source.start + 5 * MINUTE);
  });

  test('are seen once they have ended, also where minutes are missing', () => {
    expect([...resample(minutes(0, 1, 2, 3, 4, 5, 6), '5m').closed]).toEqual([-1, -1, -1, -1, 0, 0, 0]);
    // The fifth minute is missing: the candle ended when minute 5 began, and is seen at that minute's close.
    expect([...resample(minutes(0, 1, 2, 3, 5, 6, 12), '5m').closed]).toEqual([-1, -1, -1, -1, 0, 0, 1]);
  });

  test('whatever a prefix shows, the whole shows the same', () => {
    const source = minutes(
      ...Array.from({ length: 60 }, (_, index) => index + (index % 7 === 0 ? 1 : 0)).filter(
        (m, i, all) => m !== all[i - 1],
      ),
    );
    const whole = resample(source, '10m');
    for (let length = 3; length <= source.length; length++) {
      const part = resample(source.prefix(length), '10m');
      const last = part.closed[length - 1] as number;
      expect(whole.closed[length - 1]).toBe(last);
      for (const name of ['high', 'low', 'close', 'volume'] as const) {
        expect(part.candles[name][last]).toBe(whole.candles[name][last]);
      }
    }
  });

  test('weeks begin on Monday, months on their first day', () => {
    const days = candlesFromRows(
      Array.from({ length: 60 }, (_, day) => {
        return { time: Date.UTC(2024, 0, 1) + day * DAY, open: 1, high: 1, low: 1, close: 1, volume: 1 };
      }),
    );
    const isoOf = (timeframe: string) =>
      [...resample(days, timeframe).candles.time].map((time) => new Date(time).toISOString().slice(0, 10));
    expect(isoOf('1w').slice(0, 2)).toEqual(['2024-01-01', '2024-01-08']);
    expect(isoOf('1M')).toEqual(['2024-01-01', '2024-02-01']);
    expect(resample(days, '1M').closed[30]).toBe(0);
    expect(resample(days, '1M').closed[29]).toBe(-1);
  });

  test('that are finer, or not made of these, are refused', () => {
    expect(() => resample(minutes(0, 1, 2), '30s')).toThrow(InputError);
    expect(() => resample(minutes(0, 5, 10), '7m')).toThrow(/7m cannot be made of candles of 5m/);
    expect(() => resample(minutes(0, 1, 2), '5 minutes')).toThrow(InvalidOptionError);
  });
});

describe('several markets on one clock', () => {
  const every = (step: number, count: number, from = 0) =>
    candlesFromRows(
      Array.from({ length: count }, (_, index) => {
        return { time: from + index * step, open: 1, high: 1, low: 1, close: 1, volume: 1 };
      }),
    );

  test('each shows its last candle that has ended', () => {
    const { time, closed } = onOneClock({
      minutes: every(MINUTE, 5),
      late: every(MINUTE, 2, 3 * MINUTE),
      pairs: every(2 * MINUTE, 2),
    });
    expect([...time].map((end) => end / MINUTE)).toEqual([1, 2, 3, 4, 5]);
    expect([...(closed.minutes ?? [])]).toEqual([0, 1, 2, 3, 4]);
    expect([...(closed.late ?? [])]).toEqual([-1, -1, -1, 0, 1]);
    expect([...(closed.pairs ?? [])]).toEqual([-1, 0, 0, 1, 1]);
  });

  test('none, and one of a single candle, are refused', () => {
    expect(() => onOneClock({})).toThrow(InputError);
    expect(() => onOneClock({ one: every(MINUTE, 1) })).toThrow(/'one' has a single candle/);
  });
});
