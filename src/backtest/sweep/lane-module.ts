import { ownFile } from '../../events/own-files.js';

const STRATEGY = 'strategy';

/**
 * The module that runs backtests of a strategy on lanes. Its address says which strategy that is: so it is loaded when a
 * lane opens, and not in the time of the lane's first run.
 */
export function laneModule(strategyUrl: string): URL {
  const url = ownFile('src/backtest/sweep/sweep.handlers.js');
  url.searchParams.set(STRATEGY, strategyUrl);
  return url;
}

/** The strategy's address. @param address of the module itself. */
export function strategyOf(address: string): string {
  return new URL(address).searchParams.get(STRATEGY) as string;
}
