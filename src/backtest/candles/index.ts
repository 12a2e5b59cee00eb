/** Candles: files of any provider in, six columns out, and a report of what was understood. */
export { candlesFromRows } from './candle-rows.js';
export { type CandleRow, Candles } from './candles.js';
export { type EpochOptions, TIME_UNITS, type TimeUnit } from './epoch-column.js';
export { CANDLE_FORMATS, type CandleFormat, type Stamps } from './formats.js';
export { type Gap, type Gaps, gapsOf } from './gaps.js';
export type { CandlesByMarket } from './markets.js';
export { type OneClock, onOneClock } from './one-clock.js';
export { type CandleOptions, checkCandleOptions } from './options.js';
export {
  type ImportedCandles,
  importCandles,
  loadCandles,
  loadFiner,
  parseCandles,
  readCandles,
  readFiner,
  readTrades,
} from './read-candles.js';
export type { CandleReport, RowFault, SourceReport, TextKind } from './report.js';
export { type HigherTimeframe, resample } from './resample.js';
export { timeframeOf } from './timeframe.js';
export { candlesFromTrades, type Trades } from './trades.js';
