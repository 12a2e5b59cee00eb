import { MillraceError } from '../../faces/errors.js';

/** A strategy did what it must not: an order with NaN, a look into the future, a clock of its own. It fails its run. */
export class StrategyMistakeError extends MillraceError {
  // Not a literal type: more precise errors extend this one.
  static override readonly code: string = 'MILLRACE_STRATEGY';
}

/** A strategy read a candle that it cannot know yet. `details` has `index` and `cursor`. */
export class LookAheadError extends StrategyMistakeError {
  static override readonly code = 'MILLRACE_LOOK_AHEAD';
}

/** A strategy used a clock, chance or timer of the machine. `details.instead` names what to use. */
export class StrategyImpureError extends StrategyMistakeError {
  static override readonly code = 'MILLRACE_STRATEGY_IMPURE';
}

/** A run took more time than it may. `details.budgetMs` says how much that is. */
export class RunBudgetError extends StrategyMistakeError {
  static override readonly code = 'MILLRACE_RUN_BUDGET';
}
