import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CandleOptions, type Candles, importCandles, readTrades } from 'millrace/backtest';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../support/temp-folder.js';

const START = Date.UTC(2024, 5, 3, 12);

const folder = tempFolder();
let files = 0;
function file(content: string): string {
  const path = join(folder, `trades-${++files}`);
  writeFileSync(path, content);
  return path;
}

function read(content: string, options: CandleOptions = {}) {
  return importCandles(file(content), options);
}

function rowOf({ time, open, high, low, close, volume }: Candles, row = 0): unknown[] {
  return [time[row], open[row], high[row], low[row], close[row], volume[row]];
}

const NAMED = [{ time: START, open: 10, high: 14, low: 9, close: 12, volume: 5 }];

describe('trades become candles of any length', () => {
  const trade = (ms: number, p: number, q: number, t: number) => ({
    stream: 'btcusdt@trade',
    data: {
      e: 'trade',
      E: START + ms + 1,
      s: 'BTCUSDT',
      t,
      p: String(p),
      q: String(q),
      T: START + ms,
      m: t % 2 === 0,
      M: true,
    },
  });
  const stream = [
    ...[trade(0, 10, 1, 1), trade(400, 12, 2, 2), { stream: 'depth', data: { e: 'depthUpdate', b: [] } }],
    ...[trade(400, 12, 2, 2), trade(1500, 9, 1, 3), trade(1200, 8, 1, 4), { data: { u: 1, s: 'X', b: '1' } }],
    trade(3000, 11, 1, 5),
  ]
    .map((message, index) => `${1723161254087891268n + BigInt(index)} ${JSON.stringify(message)}\n`)
    .join('');

  test('what a stream received twice counts once, and what came late is put in its place', () => {
    const { candles, report } = read(stream, { timeframe: '1s' });
    expect(Array.from({ length: 3 }, (_, row) => rowOf(candles, row))).toEqual([
      [START, 10, 12, 10, 12, 3],
      [START + 1000, 8, 9, 8, 9, 2],
      [START + 3000, 11, 11, 11, 11, 1],
    ]);
    expect(report).toMatchObject({ madeFrom: 'trades', duplicates: 1, disordered: 1, timeframe: '1s' });
    expect(report.gaps).toMatchObject({ count: 1, missing: 1 });
    expect(read(stream).report).toMatchObject({ timeframe: '1m', candles: 1 });
    const trades = readTrades(file(stream));
    expect([...trades.buyerIsMaker]).toEqual([0, 1, 1, 0, 0]);
    expect([...trades.price]).toEqual([10, 12, 8, 9, 11]);
  });

  test('trades as an exchange archives them', () => {
    const text = `id,price,qty,quote_qty,time,is_buyer_maker,is_best_match\n1,10,1,10,${START},True,True\n2,11,1,11,${START + 5},False,True\n`;
    expect(rowOf(read(text, { timeframe: '10ms' }).candles)).toEqual([START, 10, 11, 10, 11, 2]);
    expect([...readTrades(file(text)).buyerIsMaker]).toEqual([1, 0]);
  });

  test('faults name the line; candles are no trades, and both do not mix', () => {
    expect(() => read(`price,qty,time\n0,1,${START}\n`)).toThrow(/line 2: the price is '0'/);
    expect(() => read(`price,qty,time\n1,-1,${START}\n`)).toThrow(/line 2: the quantity is '-1'/);
    const candles = file(JSON.stringify(NAMED));
    expect(() => readTrades(candles)).toThrow(/holds candles, not trades/);
    expect(() => importCandles([candles, file(stream)])).toThrow(/holds candles and .* trades/);
  });
});
