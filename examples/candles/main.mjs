/**
 * Trades to candles of a minute, by a handler with a state per symbol:
 *
 *     npm run example:candles -- [--threads N] [FILE …]
 *
 * Each FILE holds the trades of one market, as exchanges send or archive them (CSV, JSON lines, .gz). Without one,
 * 100,000 trades of four markets are made.
 */
import { parseArgs } from 'node:util';
import { openEngine } from 'millrace';
import { candlesFromTrades } from 'millrace/backtest';
import { CandleClosed, Trade } from './events.mjs';
import { inOrder, marketsOf } from './trades.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string', default: '2' } },
});
const markets = marketsOf(positionals);

await using engine = await openEngine({
  threads: Number(values.threads),
  events: [Trade, CandleClosed],
  handlers: [new URL('./candles.handlers.mjs', import.meta.url)],
});

const begin = performance.now();
let published = 0;
for (const trade of inOrder(markets)) {
  await engine.publish(Trade(trade, { occurredAt: trade.time }), { until: 'accepted' });
  published++;
}
await engine.drain();
const seconds = ((performance.now() - begin) / 1000).toFixed(2);
console.log(`${published} trades on ${values.threads} threads in ${seconds} s`);

for (const { symbol, trades } of markets) {
  const expected = candlesFromTrades(trades, '1m');
  let row = 0;
  let different = 0;
  for await (const { data } of engine.read({ aggregateId: `${symbol}-candles`, types: [CandleClosed] })) {
    const { time, open, high, low, close } = expected;
    const is = [data.time, data.open, data.high, data.low, data.close];
    if ([time, open, high, low, close].some((column, index) => column[row] !== is[index])) different++;
    row++;
  }
  // The candle of the last minute is still open.
  const isRight = different === 0 && row === expected.length - 1;
  const verdict = isRight ? 'equal to those of a loop over the trades' : `${different} NOT as in a loop`;
  console.log(`${symbol}: ${row} candles, ${verdict}`);
  if (!isRight) process.exitCode = 1;
}
