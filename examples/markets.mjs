import { loadStrategy, readCandles, runBacktest, sweep } from 'millrace/backtest';

const [btc = 'btc.csv', eth = 'eth.csv'] = process.argv.slice(2);
const candles = { 'KRW-BTC': readCandles(btc), 'KRW-ETH': readCandles(eth) };
const strategy = new URL('./pair.strategy.mjs', import.meta.url);

const result = runBacktest({ candles, strategy: await loadStrategy(strategy) });
for (const { market, side, profit, reason } of result.trades.slice(0, 4)) {
  console.log(market, side, profit.toFixed(2), reason);
}
console.log(
  result.finalCapital,
  'of one account, held:',
  result.benchmark.statistics.finalCapital.toFixed(2),
);

const { best, fingerprint } = await sweep({
  candles,
  strategy,
  grid: { apart: [0.02, 0.05, 0.1] },
  threads: 2,
});
console.log(best[0]?.parameters, fingerprint);
