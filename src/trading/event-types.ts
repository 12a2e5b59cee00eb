import { BacktestDataLoaded, BacktestProgressUpdated, BacktestStarted } from './backtest-progress.js';
import {
  BacktestComparisonCompleted,
  BacktestCompleted,
  BacktestFailed,
  BacktestResultSaved,
  BacktestStopped,
} from './backtest-results.js';
import {
  BacktestPositionClosed,
  BacktestPositionOpened,
  BacktestSignalGenerated,
  BacktestTradeExecuted,
} from './backtest-trades.js';
import { OrderCancelled, OrderExecuted, OrderFailed, OrderPlaced } from './orders.js';
import { PositionClosed, PositionOpened, PositionUpdated, TradeCompleted } from './positions.js';
import { MarginCallTriggered, RiskLimitExceeded } from './risk.js';
import { TradingSignalExecuted, TradingSignalGenerated, TradingSignalRejected } from './signals.js';
import {
  StrategyActivated,
  StrategyBacktestCompleted,
  StrategyCreated,
  StrategyDeactivated,
  StrategyDeleted,
  StrategyUpdated,
  StrategyValidated,
  StrategyValidationFailed,
} from './strategies.js';
import {
  TriggerActivated,
  TriggerConditionMet,
  TriggerEvaluated,
  TriggerEvaluationCompleted,
  TriggerEvaluationFailed,
  TriggerEvaluationStarted,
} from './trigger-evaluations.js';
import { ConditionValidationCompleted, TriggerCreated, TriggerDeleted, TriggerUpdated } from './triggers.js';

/**
 * The names of the 43 event types, for completion: `EventTypes.OrderPlaced` is `'trading.order_placed'`, in its
 * type too. To make events, take the event types themselves.
 */
export const EventTypes = Object.freeze({
  StrategyCreated: StrategyCreated.type,
  StrategyUpdated: StrategyUpdated.type,
  StrategyDeleted: StrategyDeleted.type,
  StrategyActivated: StrategyActivated.type,
  StrategyDeactivated: StrategyDeactivated.type,
  StrategyBacktestCompleted: StrategyBacktestCompleted.type,
  StrategyValidated: StrategyValidated.type,
  StrategyValidationFailed: StrategyValidationFailed.type,
  TriggerCreated: TriggerCreated.type,
  TriggerUpdated: TriggerUpdated.type,
  TriggerDeleted: TriggerDeleted.type,
  TriggerEvaluationStarted: TriggerEvaluationStarted.type,
  TriggerEvaluationCompleted: TriggerEvaluationCompleted.type,
  TriggerConditionMet: TriggerConditionMet.type,
  TradingSignalGenerated: TradingSignalGenerated.type,
  TradingSignalExecuted: TradingSignalExecuted.type,
  TradingSignalRejected: TradingSignalRejected.type,
  ConditionValidationCompleted: ConditionValidationCompleted.type,
  TriggerEvaluated: TriggerEvaluated.type,
  TriggerActivated: TriggerActivated.type,
  TriggerEvaluationFailed: TriggerEvaluationFailed.type,
  OrderPlaced: OrderPlaced.type,
  OrderExecuted: OrderExecuted.type,
  OrderCancelled: OrderCancelled.type,
  OrderFailed: OrderFailed.type,
  PositionOpened: PositionOpened.type,
  PositionClosed: PositionClosed.type,
  PositionUpdated: PositionUpdated.type,
  TradeCompleted: TradeCompleted.type,
  RiskLimitExceeded: RiskLimitExceeded.type,
  MarginCallTriggered: MarginCallTriggered.type,
  BacktestStarted: BacktestStarted.type,
  BacktestDataLoaded: BacktestDataLoaded.type,
  BacktestSignalGenerated: BacktestSignalGenerated.type,
  BacktestTradeExecuted: BacktestTradeExecuted.type,
  BacktestPositionOpened: BacktestPositionOpened.type,
  BacktestPositionClosed: BacktestPositionClosed.type,
  BacktestProgressUpdated: BacktestProgressUpdated.type,
  BacktestCompleted: BacktestCompleted.type,
  BacktestFailed: BacktestFailed.type,
  BacktestStopped: BacktestStopped.type,
  BacktestResultSaved: BacktestResultSaved.type,
  BacktestComparisonCompleted: BacktestComparisonCompleted.type,
});
