export { BacktestDataLoaded, BacktestProgressUpdated, BacktestStarted } from './backtest-progress.js';
export {
  BacktestComparisonCompleted,
  BacktestCompleted,
  BacktestFailed,
  BacktestResultSaved,
  BacktestStopped,
} from './backtest-results.js';
export {
  BacktestPositionClosed,
  BacktestPositionOpened,
  BacktestSignalGenerated,
  BacktestTradeExecuted,
} from './backtest-trades.js';
export {
  allTradingEvents,
  backtestEvents,
  strategyEvents,
  type TradingEventName,
  type TradingEventType,
  type TradingPayload,
  tradingEvents,
  triggerEvents,
} from './catalogue.js';
export {
  decimal,
  decimalAmount,
  decimalFromNumber,
  decimalFromUnits,
  decimalPositive,
  decimalToUnits,
  MAX_DECIMAL_LENGTH,
} from './decimal.js';
export { EventTypes } from './event-types.js';
export { tradingExamples } from './examples/index.js';
export { OrderCancelled, OrderExecuted, OrderFailed, OrderPlaced } from './orders.js';
export { PositionClosed, PositionOpened, PositionUpdated, TradeCompleted } from './positions.js';
export { MarginCallTriggered, RiskLimitExceeded } from './risk.js';
export { TradingSignalExecuted, TradingSignalGenerated, TradingSignalRejected } from './signals.js';
export {
  StrategyActivated,
  StrategyBacktestCompleted,
  StrategyCreated,
  StrategyDeactivated,
  StrategyDeleted,
  StrategyUpdated,
  StrategyValidated,
  StrategyValidationFailed,
} from './strategies.js';
export {
  TriggerActivated,
  TriggerConditionMet,
  TriggerEvaluated,
  TriggerEvaluationCompleted,
  TriggerEvaluationFailed,
  TriggerEvaluationStarted,
} from './trigger-evaluations.js';
export { ConditionValidationCompleted, TriggerCreated, TriggerDeleted, TriggerUpdated } from './triggers.js';
