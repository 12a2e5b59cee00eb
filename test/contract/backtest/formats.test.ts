import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  type CandleOptions,
  type CandleReport,
  type Candles,
  importCandles,
  parseCandles,
} from 'millrace/backtest';
import { InputError, InvalidOptionError } from 'millrace/errors';
import { describe, expect, test } from 'vitest';
import { zipOf } from '../../support/backtest/zip-of.js';
import { tempFolder } from '../../support/temp-folder.js';

const MINUTE = 60_000;
const START = Date.UTC(2024, 5, 3, 12);
const folder = tempFolder();
let files = 0;
function file(content: string | Uint8Array): string {
  const path = join(folder, `candles-${++files}`);
  writeFileSync(path, content);
  return path;
}

function read(content: string | Uint8Array, options: CandleOptions = {}) {
  return importCandles(file(content), options);
}

function rowOf({ time, open, high, low, close, volume }: Candles, row = 0): unknown[] {
  return [time[row], open[row], high[row], low[row], close[row], volume[row]];
}

const FIRST = [START, 10, 14, 9, 12, 5];
const SECOND = [START + MINUTE, 12, 13, 8, 11, 6];

/** The same two candles as every provider writes them. */
const BINANCE = [FIRST, SECOND].map(([time = 0, ...rest]) => [
  time,
  ...rest.map((value) => value.toFixed(8)),
  time + MINUTE - 1,
  '60.5',
  100,
  '2.5',
  '30.1',
  '0',
]);
const UPBIT = [SECOND, FIRST].map(([time = 0, open, high, low, close, volume]) => ({
  market: 'KRW-BTC',
  candle_date_time_utc: new Date(time).toISOString().slice(0, 19),
  candle_date_time_kst: new Date(time + 9 * 60 * MINUTE).toISOString().slice(0, 19),
  opening_price: open,
  high_price: high,
  low_price: low,
  trade_price: close,
  timestamp: time + 58_123,
  candle_acc_trade_price: 1,
  candle_acc_trade_volume: volume,
  unit: 1,
}));
const NAMED = [FIRST, SECOND].map(([time, open, high, low, close, volume]) => {
  return { time, open, high, low, close, volume };
});
const column = (index: number) => [FIRST[index], SECOND[index]];
const lines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const csv = (rows: readonly (readonly unknown[])[]) => rows.map((row) => `${row.join(',')}\n`).join('');
const third = { ...UPBIT[0], candle_date_time_utc: '2024-06-03T12:02:00' };

describe('formats are recognised by looking at the file', () => {
  test.each<[string, string, CandleReport['sources'][number]['format']]>([
    ['klines of Binance as JSON', JSON.stringify(BINANCE), 'binance'],
    ['klines of Binance as JSON lines', lines(BINANCE), 'binance'],
    ['klines of Binance as CSV without a header', csv(BINANCE), 'binance'],
    [
      'klines of Binance as CSV with one',
      `open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n${csv(BINANCE)}`,
      'binance',
    ],
    [
      'klines of Binance in microseconds',
      csv(BINANCE.map(([time, ...rest]) => [`${time}000`, ...rest])),
      'binance',
    ],
    ['candles of Upbit, newest first', JSON.stringify([third, ...UPBIT]), 'upbit'],
    ['candles of Upbit as JSON lines', lines([...UPBIT].reverse()), 'upbit'],
    ['objects with names', JSON.stringify(NAMED), 'named'],
    ['objects in an object', JSON.stringify({ error: [], result: { list: NAMED } }), 'named'],
    ['lists in an object', JSON.stringify({ code: '0', data: [FIRST, SECOND] }), 'ccxt'],
    ['lists of ccxt', JSON.stringify([FIRST, SECOND], undefined, 2), 'ccxt'],
    [
      'Bitfinex: close before high',
      JSON.stringify([FIRST, SECOND].map((r) => [r[0], r[1], r[4], r[2], r[3], r[5]])),
      'bitfinex',
    ],
    [
      'Coinbase: low before high',
      csv([FIRST, SECOND].map((r) => [(r[0] ?? 0) / 1000, r[3], r[2], r[1], r[4], r[5]])),
      'coinbase',
    ],
    [
      'Kraken, with the average price',
      JSON.stringify({
        error: [],
        result: { XXBTZUSD: [FIRST, SECOND].map((r) => [...r.slice(0, 5), '11', r[5], 7]), last: 1 },
      }),
      'kraken',
    ],
    [
      'MetaTrader without a header',
      csv(
        [FIRST, SECOND].map(([time = 0, ...r]) => [
          new Date(time).toISOString().slice(0, 10).replaceAll('-', '.'),
          new Date(time).toISOString().slice(11, 16),
          ...r,
        ]),
      ),
      'metatrader',
    ],
    [
      'columns of TradingView',
      JSON.stringify({
        s: 'ok',
        t: column(0),
        o: column(1),
        h: column(2),
        l: column(3),
        c: column(4),
        v: column(5),
      }),
      'named',
    ],
    [
      'columns of Yahoo',
      JSON.stringify({
        chart: {
          result: [
            {
              meta: {},
              timestamp: column(0).map((time = 0) => time / 1000),
              indicators: {
                quote: [
                  { open: column(1), high: column(2), low: column(3), close: column(4), volume: column(5) },
                ],
                adjclose: [{}],
              },
            },
          ],
        },
      }),
      'named',
    ],
    [
      'CryptoDataDownload, with its address above and a volume for each currency',
      `https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USDT\n${csv([SECOND, FIRST].map(([time = 0, open, high, low, close, volume]) => [time, new Date(time).toISOString().slice(0, 19).replace('T', ' '), 'BTC/USDT', open, high, low, close, volume, 1]).toSpliced(0, 0, [(SECOND[0] ?? 0) + MINUTE, 'x', 'BTC/USDT', 1, 1, 1, 1, 1, 1]))}`,
      'named',
    ],
    [
      'Stooq',
      `<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n${csv([FIRST, SECOND].map(([, ...r], minute) => ['X', 1, 20240603, `12${String(minute).padStart(2, '0')}00`, ...r, 0]))}`,
      'stooq',
    ],
    [
      'a stream of Binance candles, closed ones only',
      lines(
        [FIRST, SECOND, SECOND].map(([t, o, h, l, c, v], index) => ({
          stream: 's',
          data: { e: 'kline', k: { t, T: 1, o, c, h, l, v, x: index < 2 } },
        })),
      ),
      'named',
    ],
  ])('%s', (_what, text, format) => {
    const { candles, report } = read(text);
    expect(report.sources[0]?.format).toBe(format);
    expect(rowOf(candles)).toEqual(FIRST);
    expect(rowOf(candles, 1)).toEqual(SECOND);
  });

  test('Yahoo with adjusted prices and days without trading', () => {
    const text =
      'Date,Open,High,Low,Close,Adj Close,Volume\n2024-06-03,10,14,9,12,11.5,5\n2024-06-04,null,null,null,null,null,null\n2024-06-05,12,13,8,11,10.5,6\n';
    const { candles, report } = read(text);
    expect([...candles.close]).toEqual([12, 11]);
    expect(report).toMatchObject({ emptyRows: 1, sources: [{ format: 'yahoo' }] });
  });

  test('an order of columns that is not clear is an error, until it is said', () => {
    // Every candle opens and closes at its ends, so that it may have risen or fallen.
    const text = JSON.stringify([
      [START, 9, 10, 10, 9, 5],
      [START + MINUTE, 9, 10, 10, 9, 5],
    ]);
    expect(() => read(text)).toThrow(/could be 'bitfinex' or 'coinbase'.*Say which/s);
    expect(rowOf(read(text, { format: 'bitfinex' }).candles)).toEqual([START, 9, 10, 9, 10, 5]);
    expect(rowOf(read(text, { format: 'coinbase' }).candles)).toEqual([START, 10, 10, 9, 9, 5]);
    expect(() => read(text, { format: 'ccxt' })).toThrow(/no candles in the order 'ccxt'/);
    expect(() => read(text, { format: 'kraken' })).toThrow(/the order 'kraken' has not 6 cells/);
  });

  test('a format that the file does not have is an error', () => {
    expect(() => read(JSON.stringify(NAMED), { format: 'upbit' })).toThrow(
      /not those of 'upbit', but of 'named'/,
    );
    expect(() => read('', { format: 'excel' as never })).toThrow(InvalidOptionError);
  });

  test.each([
    ['no candles in it', '{"a":{"b":[1,2,3]}}', /no list of candles is in it/],
    ['an empty list', '[]', /is empty/],
    ['values that are no rows', '[1,2]', /no list of candles/],
    ['columns of different lengths', '{"t":[1,2],"o":[1],"h":[1],"l":[1],"c":[1]}', /no list of candles/],
    ['a line that is no JSON', `${lines(NAMED)}{"e":\n`, /line 3: not well-formed JSON/],
  ])('%s is refused', (_what, text, message) => {
    expect(() => read(text)).toThrow(InputError);
    expect(() => read(text)).toThrow(message);
  });

  test('a row of JSON is named by its number', () => {
    const rows = [...NAMED, { ...NAMED[0], time: START + 2 * MINUTE, high: 1 }];
    expect(() => read(JSON.stringify(rows))).toThrow(/, row 3: high 1 is below low 9/);
  });
});

describe('packed files', () => {
  const text = csv([['time', 'open', 'high', 'low', 'close', 'volume'], FIRST, SECOND]);
  const later = csv([
    ['time', 'open', 'high', 'low', 'close', 'volume'],
    [START + 2 * MINUTE, 1, 2, 1, 2, 1],
  ]);

  test.each<[string, Uint8Array, string]>([
    ['gzip of CSV', gzipSync(text), 'gzip'],
    ['gzip of JSON', gzipSync(JSON.stringify(NAMED)), 'gzip'],
    ['zip of CSV', zipOf({ 'a.csv': text }), 'zip'],
    ['zip of gzip', zipOf({ 'a.csv.gz': gzipSync(text) }), 'zip'],
    [
      'zip with what macOS adds',
      zipOf({ '__MACOSX/._a.csv': '\u0000', '.DS_Store': '\u0000', 'a.json': JSON.stringify(NAMED) }),
      'zip',
    ],
  ])('%s', (_what, content, packed) => {
    const { candles, report } = read(content);
    expect(rowOf(candles, 1)).toEqual(SECOND);
    expect(report.sources).toMatchObject([{ packed }]);
  });

  test('the files in a zip are joined', () => {
    const { candles, report } = read(zipOf({ 'b.csv': later, 'a.csv': text }));
    expect(candles.length).toBe(3);
    expect(report.sources.map(({ name }) => name.split(' » ')[1])).toEqual(['a.csv', 'b.csv']);
  });

  test.each<[string, () => Uint8Array, RegExp]>([
    ['no file in it', () => zipOf({}), /a zip with no file in it/],
    [
      'a wrong checksum',
      () => {
        const content = zipOf({ 'a.csv': text });
        content.writeUInt32LE(1, content.indexOf('PK\u0001\u0002') + 16);
        return content;
      },
      /'a.csv' does not match its checksum/,
    ],
    ['a cut end', () => zipOf({ 'a.csv': text }).subarray(0, -8), /damaged: its directory is missing/],
    [
      'a size that is a lie',
      () => zipOf({ 'a.csv': 'a'.repeat(1000) }, 10),
      /damaged: 'a.csv' cannot be unpacked/,
    ],
    [
      'more than the limit',
      () => zipOf({ 'a.csv': text }, 129 * 1024 * 1024),
      /unpacks to more than the limit of 134217728 bytes/,
    ],
    [
      'a password',
      () => {
        const content = zipOf({ 'a.csv': text });
        content.writeUInt16LE(1, content.indexOf('PK\u0001\u0002') + 8);
        return content;
      },
      /encrypted/,
    ],
    [
      'a directory that points to nowhere',
      () => {
        const content = zipOf({ 'a.csv': text });
        content.writeUInt32LE(5, content.indexOf('PK\u0001\u0002') + 42);
        return content;
      },
      /not where the directory says/,
    ],
    ['a zip in a zip', () => zipOf({ 'a.zip': zipOf({ 'b.csv': text }) }), /a zip in another archive/],
  ])('%s is refused', (_what, content, message) => {
    expect(() => read(content())).toThrow(InputError);
    expect(() => read(content())).toThrow(message);
  });

  test('a bomb is refused before it is unpacked', () => {
    const bomb = zipOf({
      'a.csv': Buffer.alloc(100 * 1024 * 1024),
      'b.csv': Buffer.alloc(100 * 1024 * 1024),
    });
    expect(bomb.length).toBeLessThan(1024 * 1024);
    expect(() => read(bomb)).toThrow(/unpacks to more than the limit/);
  });
});

const DATA =
  process.env.MILLRACE_MARKET_DATA ?? new URL('../../../../shared/data/', import.meta.url).pathname;
const hasData = existsSync(join(DATA, 'DATA.md'));

describe.skipIf(!hasData)('files as providers published them (left out where the shared data is not)', () => {
  test('Upbit, newest first: the start of a candle is its time, not that of its last trade', () => {
    const { candles, report } = importCandles(join(DATA, 'upbit-krw-btc-1m-20200220.json'));
    expect(report).toMatchObject({
      candles: 200,
      timeframe: '1m',
      sources: [{ format: 'upbit', newestFirst: true }],
    });
    expect(candles.end).toBe(Date.UTC(2020, 1, 20, 11, 19));
  });

  test('a week of minutes, and its hours', () => {
    const path = join(DATA, 'btc-usdt-1m-2021-02-week.json.gz');
    expect(importCandles(path).report).toMatchObject({
      candles: 10_080,
      timeframe: '1m',
      gaps: { count: 0 },
    });
    expect(importCandles(path, { timeframe: '1h' }).report).toMatchObject({ candles: 168, madeFrom: '1m' });
  });

  test('a day of a stream in seconds', () => {
    const { report } = importCandles(join(DATA, 'binance-spot-btcusdt-20240809.jsonl.gz'), {
      timeframe: '1s',
    });
    expect(report.sources[0]).toMatchObject({ format: 'trades', times: 'ms', packed: 'gzip' });
    expect(report.candles).toBeGreaterThan(100);
    expect(report.disordered).toBe(0);
  });
});

test('parseCandles takes JSON as well', () => {
  expect(parseCandles(JSON.stringify(NAMED)).length).toBe(2);
});
