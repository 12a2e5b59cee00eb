/** Backtests as their logs tell them, without running anything. */
export type { PackedNumbers } from '../runs/packed-column.js';
export { unpackColumn } from '../runs/packed-column.js';
export {
  readBacktest,
  type StoredBacktest,
  type StoredBacktestOptions,
} from './read-backtest.js';
export { readSweepReport } from './read-sweep-report.js';
export { storeBacktest } from './store-backtest.js';
export { type StoreReportOptions, writeStoreReport } from './store-report.js';
export type { StoredIdentity } from './stored-run.js';
export { readWalkForward, type StoredWalkForward } from './stored-walk.js';
