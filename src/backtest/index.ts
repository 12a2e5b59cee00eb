/** Backtests as events: candles in, one walk per parameter set on the lanes, every event in the log. */
export type { BacktestIdentity, ClosureReason, Emit, RoundTrip } from './account.js';
export { type BuyAndHold, buyAndHold } from './buy-and-hold.js';
export * from './candles/index.js';
export * from './figures/index.js';
export { DEFAULT_GRID, type Grid, parameterSets } from './grid.js';
export * from './report/index.js';
export { WilderRsi } from './rsi.js';
export { type BacktestRun, runBacktest } from './run.js';
export {
  equityStatistics,
  type NullableStatistic,
  type NullReason,
  type Statistics,
} from './statistics.js';
export { RsiMeanReversion, type RsiParameters, type Signal, strategyId } from './strategy.js';
export { runSweep, type SweepOptions, type SweepProgress, type SweepResult } from './sweep.js';
export type { SweepInput } from './sweep-plan.js';
export type { SweepRow } from './sweep-results.js';
export { type TradeStatistics, tradeStatistics } from './trade-statistics.js';
