import type { DataOf } from '../faces/define.js';
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

/** The events of a strategy's life, ordered and keyed by `strategy_id`. */
export const strategyEvents = Object.freeze([
  StrategyCreated,
  StrategyUpdated,
  StrategyDeleted,
  StrategyActivated,
  StrategyDeactivated,
  StrategyBacktestCompleted,
  StrategyValidated,
  StrategyValidationFailed,
] as const);

/**
 * Triggers, their evaluations and the signals they give. A trigger's events are ordered by `trigger_id`, not
 * by strategy: two of them do not name the strategy, and one aggregate must never have two ordering keys.
 * The signals are ordered by `strategy_id`, with the orders that follow from them.
 */
export const triggerEvents = Object.freeze([
  TriggerCreated,
  TriggerUpdated,
  TriggerDeleted,
  TriggerEvaluationStarted,
  TriggerEvaluationCompleted,
  TriggerConditionMet,
  TradingSignalGenerated,
  TradingSignalExecuted,
  TradingSignalRejected,
  ConditionValidationCompleted,
  TriggerEvaluated,
  TriggerActivated,
  TriggerEvaluationFailed,
] as const);

/**
 * Orders, positions, trades and risk of a real account: all ordered by `strategy_id`, so that what one
 * strategy does is handled in the order in which it happened, and strategies do not wait for each other.
 * Amounts are decimal text: see decimal.ts.
 */
export const tradingEvents = Object.freeze([
  OrderPlaced,
  OrderExecuted,
  OrderCancelled,
  OrderFailed,
  PositionOpened,
  PositionClosed,
  PositionUpdated,
  TradeCompleted,
  RiskLimitExceeded,
  MarginCallTriggered,
] as const);

/**
 * The events of one backtest's life, ordered and keyed by `backtest_id`; only a comparison has an id of its
 * own. Each also answers to the name it had in the original program. Field kinds, and what is said of money
 * and time: see fields.ts.
 */
export const backtestEvents = Object.freeze([
  BacktestStarted,
  BacktestDataLoaded,
  BacktestSignalGenerated,
  BacktestTradeExecuted,
  BacktestPositionOpened,
  BacktestPositionClosed,
  BacktestProgressUpdated,
  BacktestCompleted,
  BacktestFailed,
  BacktestStopped,
  BacktestResultSaved,
  BacktestComparisonCompleted,
] as const);

/** All 43, in the order of the page docs/trading-events.md. */
export const allTradingEvents: readonly [
  ...typeof strategyEvents,
  ...typeof triggerEvents,
  ...typeof tradingEvents,
  ...typeof backtestEvents,
] = Object.freeze([...strategyEvents, ...triggerEvents, ...tradingEvents, ...backtestEvents] as const);

/** Any of the 43 event types. */
export type TradingEventType = (typeof allTradingEvents)[number];

/** The name of any of the 43: `'strategy.created' | …`. */
export type TradingEventName = TradingEventType['type'];

/** The payload of an event by its name: `TradingPayload<'trading.order_placed'>`. */
export type TradingPayload<Name extends TradingEventName> = DataOf<
  Extract<TradingEventType, { readonly type: Name }>
>;
