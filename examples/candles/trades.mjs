import { basename } from 'node:path';
import { readTrades } from 'millrace/backtest';

/** @typedef {{ symbol: string, trades: import('millrace/backtest').Trades }} Market */

const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT'];
const START = Date.UTC(2024, 7, 8);
const COUNT = 25_000;

/**
 * One market per file, named by it; without files four that are made, the same ones each time.
 *
 * @param {readonly string[]} files
 * @returns {Market[]}
 */
export function marketsOf(files) {
  if (files.length === 0) return SYMBOLS.map((symbol, index) => ({ symbol, trades: made(index + 1) }));
  return files.map((file) => ({ symbol: basename(file).replace(/\..*$/, ''), trades: readTrades(file) }));
}

/**
 * The trades of all markets in the order of their times.
 *
 * @param {readonly Market[]} markets
 */
export function* inOrder(markets) {
  const rows = markets.map(() => 0);
  for (;;) {
    let next = -1;
    let earliest = Number.POSITIVE_INFINITY;
    for (const [index, { trades }] of markets.entries()) {
      const time = trades.time[rows[index] ?? 0];
      if ((rows[index] ?? 0) >= trades.length || time === undefined || time >= earliest) continue;
      earliest = time;
      next = index;
    }
    const market = markets[next];
    if (!market) return;
    const row = rows[next] ?? 0;
    rows[next] = row + 1;
    const { price, quantity } = market.trades;
    yield { symbol: market.symbol, time: earliest, price: price[row] ?? 0, quantity: quantity[row] ?? 0 };
  }
}

/**
 * A walk of prices, by a generator of Park and Miller.
 *
 * @param {number} seed
 * @returns {import('millrace/backtest').Trades}
 */
function made(seed) {
  let state = seed;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const time = new Float64Array(COUNT);
  const price = new Float64Array(COUNT);
  const quantity = new Float64Array(COUNT);
  let now = START;
  let last = 1000 * seed;
  for (let row = 0; row < COUNT; row++) {
    now += Math.ceil(random() * 2000);
    last = Math.max(1, Math.round(last * (1 + (random() - 0.5) / 500) * 100) / 100);
    time[row] = now;
    price[row] = last;
    quantity[row] = Math.ceil(random() * 1000) / 1000;
  }
  return { time, price, quantity, buyerIsMaker: new Uint8Array(COUNT), length: COUNT };
}
