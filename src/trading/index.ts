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

export {
  BacktestComparisonCompleted,
  BacktestCompleted,
  BacktestDataLoaded,
  BacktestFailed,
  BacktestPositionClosed,
  BacktestPositionOpened,
  BacktestProgressUpdated,
  BacktestResultSaved,
  BacktestSignalGenerated,
  BacktestStarted,
  BacktestStopped,
  BacktestTradeExecuted,
};
