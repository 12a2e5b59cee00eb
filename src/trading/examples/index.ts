import type { TradingEventName } from '../catalogue.js';
import { backtestExamples } from './backtest.js';
import type { Examples } from './examples.js';
import { strategyExamples } from './strategy.js';
import { tradingExamples as accountExamples } from './trading.js';
import { triggerExamples } from './trigger.js';

/**
 * One valid payload of each of the 43 event types, by name: for a first try, for tests, and for the page
 * docs/trading-events.md. They are about one strategy, its backtest and its orders, so that their ids fit together.
 */
export const tradingExamples: Examples<TradingEventName> = deepFreeze({
  ...strategyExamples,
  ...triggerExamples,
  ...accountExamples,
  ...backtestExamples,
});

/** Shared by all who import them, so nobody may change them. */
function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
