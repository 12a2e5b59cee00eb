import { readCandles, sweep } from 'millrace/backtest';

const [file = 'candles.csv'] = process.argv.slice(2);

const result = await sweep({
  candles: readCandles(file),
  strategy: new URL('./ma-cross.strategy.mjs', import.meta.url),
  grid: { fast: [5, 10, 20], slow: [50, 100, 200], trail: [0.05, 0.1] },
  commission: 0.0005,
  sortBy: 'sharpe',
  threads: 2,
});

for (const { parameters, totalReturn, sharpe, trades } of result.best) {
  console.log(JSON.stringify(parameters), `${(totalReturn * 100).toFixed(1)} %`, sharpe?.toFixed(2), trades);
}
console.log(result.fingerprint);
