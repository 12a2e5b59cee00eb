import { candlesFromTrades, loadStrategy, readTrades, runBacktest } from 'millrace/backtest';

const [file = 'trades.jsonl.gz', strategy = 'breakout'] = process.argv.slice(2);
const trades = readTrades(file);

// The strategy is asked each second; what is filled in between is decided by each single trade.
const { finalCapital, fills, finer } = runBacktest({
  candles: candlesFromTrades(trades, '1s'),
  finer: trades,
  strategy: await loadStrategy(strategy),
});

console.log(`${fills.length} fills, ${finer?.decided} of ${finer?.covered} candles decided by their trades`);
console.log(`final capital ${finalCapital}`);
