import type { BacktestResult } from '../runs/result.js';
import type { StoredBacktest } from '../stored/read-backtest.js';

/** A run, as it was just now, or as its log has it. */
export type ShownRun = BacktestResult | StoredBacktest;
