/** Backtests as events: candles in, one walk per parameter set on the lanes, every event in the log. */
export type { Exits, OrderRequest, OrderView, Size } from './broker/order.js';
export {
  type BrokerOptions,
  type CommissionOption,
  FILL_MODES,
  type SlippageOption,
} from './broker/settings.js';
export {
  LookAheadError,
  RunBudgetError,
  StrategyImpureError,
  StrategyMistakeError,
} from './broker/strategy-mistake.js';
export * from './candles/index.js';
export * from './figures/index.js';
export { RECORDING_LEVELS } from './given.js';
export type { Bands, ColumnOf, Indicator, IndicatorBuilder, Macd, Source } from './indicators/indicator.js';
export { WilderRsi } from './indicators/rsi.js';
export * from './report/index.js';
export { type BuyAndHold, buyAndHold } from './runs/buy-and-hold.js';
export { type CheckFinding, type CheckResult, checkLookAhead, checkRepeat } from './runs/checks.js';
export { type Comparison, type ComparisonRow, compare } from './runs/compare.js';
export type { FinerByMarket, FinerOption } from './runs/finer-option.js';
export {
  type MonteCarlo,
  type MonteCarloOptions,
  monteCarlo,
  type Percentiles,
} from './runs/monte-carlo.js';
export type { BacktestIds, Emit } from './runs/order-events.js';
export type * from './runs/result.js';
export { type BacktestOptions, runBacktest } from './runs/run-backtest.js';
export {
  equityStatistics,
  type NullableStatistic,
  type NullReason,
  type Statistics,
} from './statistics.js';
export * from './stored/index.js';
export type { CandleView, IndicatorView } from './strategies/candle-view.js';
export type { MarketContext, SignalDetails, StrategyContext } from './strategies/context.js';
export {
  defineStrategy,
  type IndicatorSet,
  type Strategy,
  type StrategyDefinition,
} from './strategies/define.js';
export { loadStrategy, SHIPPED_STRATEGIES } from './strategies/load.js';
export {
  checkDeterminism,
  type DeterminismCheck,
  type DeterminismRun,
} from './sweep/check-determinism.js';
export { abortOnInterrupt, type Interrupt } from './sweep/interrupt.js';
export type * from './sweep/options.js';
export { readSweep } from './sweep/read-sweep.js';
export { SWEEP_METRICS } from './sweep/results.js';
export type { Grid, ParameterSet, SweepSpace } from './sweep/space.js';
export { sweep } from './sweep/sweep.js';
export { walkForward } from './sweep/walk-forward.js';
export type * from './sweep/walk-forward-types.js';
export { type TradeStatistics, tradeStatistics } from './trade-statistics.js';
