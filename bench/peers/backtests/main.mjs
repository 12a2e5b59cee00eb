// RSI mean reversion on the same candles under the same rules: Millrace beside grademark.
// npm run --silent build && npm install --prefix bench/peers/backtests && node bench/peers/backtests/main.mjs [candles] [rounds]
import { fileURLToPath } from 'node:url';
import { DataFrame } from 'data-forge';
import grademark from 'grademark';
import {
  candlesFromRows,
  loadStrategy,
  readCandles,
  runBacktest,
  WilderRsi,
} from '../../../dist/src/backtest/index.js';

const [
  file = fileURLToPath(new URL('../../../node_modules/vega-datasets/data/sp500-2000.csv', import.meta.url)),
  rounds = '5',
] = process.argv.slice(2);
const parameters = { length: 14, entry: 30, exit: 60, stop: 0 };
const candles = readCandles(file);

// grademark asks its entry rule about a bar and enters at the next open; it knows no commission in a backtest.
const rules = { candles, strategy: await loadStrategy('rsi'), parameters, commission: 0, level: 'summary' };

const rows = Array.from(candles.time, (time, index) => ({
  time: new Date(time),
  open: candles.open[index],
  high: candles.high[index],
  low: candles.low[index],
  close: candles.close[index],
  volume: candles.volume[index],
}));

/** The RSI beside the RSI of the bar before, in the rows: computed in the timed part, as Millrace computes its column. */
function withRsi() {
  const indicator = new WilderRsi(parameters.length);
  let before = Number.NaN;
  return rows.map((row) => {
    const rsi = indicator.next(row.close);
    const bar = { ...row, rsi, before };
    before = rsi;
    return bar;
  });
}

const strategy = {
  entryRule: (enter, { bar }) => {
    if (bar.before >= parameters.entry && bar.rsi < parameters.entry) enter();
  },
  exitRule: (exit, { bar }) => {
    if (bar.rsi > parameters.exit) exit();
  },
};

const contestants = {
  millrace: () => runBacktest(rules).trades.map(({ entryPrice, exitPrice }) => [entryPrice, exitPrice]),
  'millrace, indicator computed anew': () =>
    runBacktest({
      ...rules,
      candles: candlesFromRows(rows.map((row) => ({ ...row, time: row.time.getTime() }))),
    }).trades,
  grademark: () =>
    grademark
      .backtest(strategy, new DataFrame(withRsi()).setIndex('time'))
      .map(({ entryPrice, exitPrice }) => [entryPrice, exitPrice]),
};

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
const found = {};
// One after the other in each round, so that a busy machine is busy for all.
for (let round = 0; round <= Number(rounds); round++) {
  for (const [name, run] of Object.entries(contestants)) {
    const start = performance.now();
    found[name] = run();
    // The first round warms up.
    if (round > 0) times[name].push(performance.now() - start);
  }
}

const same = found.millrace.filter(([entry, exit], index) => {
  const [otherEntry, otherExit] = found.grademark[index] ?? [];
  return entry === otherEntry && exit === otherExit;
}).length;
console.log(
  `${candles.length} candles, ${found.millrace.length} trades here, ${found.grademark.length} there, ${same} equal in entry and exit`,
);
const base = median(times.grademark);
for (const [name, all] of Object.entries(times)) {
  const time = median(all);
  const perSecond = Math.round((candles.length / time) * 1000).toLocaleString('en-US');
  console.log(
    `${name.padEnd(36)} ${time.toFixed(2).padStart(9)} ms  ${perSecond.padStart(12)} candles/s  ${(base / time).toFixed(1).padStart(7)} x`,
  );
}
