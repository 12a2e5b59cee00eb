import { InvalidOptionError } from '../faces/errors.js';
import { checkRows } from './given.js';

/** What the statistics need of a trade. */
export interface RoundTrip {
  /** Net of both commissions. */
  readonly profit: number;
  /** Profit over what the entry cost, commission included. */
  readonly profitFraction: number;
  readonly holdingMs: number;
}

/** What the closed positions say. Amounts are in the currency of the prices. */
export interface TradeStatistics {
  readonly trades: number;
  /** Trades with a profit above 0. */
  readonly winning: number;
  /** Trades with a profit below 0. */
  readonly losing: number;
  /** Null without trades. */
  readonly winRate: number | null;
  /** Sum of profits over sum of losses. Null without losses. */
  readonly profitFactor: number | null;
  /** Null without a trade that won. */
  readonly averageWin: number | null;
  /** Below 0. Null without a trade that lost. */
  readonly averageLoss: number | null;
  /** Average profit per trade. Null without trades. */
  readonly expectancy: number | null;
  /** Profit of the best trade as a fraction of what it cost. Null without trades. */
  readonly bestTrade: number | null;
  /** Null without trades. */
  readonly worstTrade: number | null;
  /** Null without trades. */
  readonly averageHoldingHours: number | null;
}

/**
 * Statistics of closed positions, in the order in which they were closed.
 *
 * @throws InvalidOptionError when a number of a trade is not finite; the message names its index.
 */
export function tradeStatistics(roundTrips: readonly RoundTrip[]): TradeStatistics {
  checkTrades(roundTrips);
  let winning = 0;
  let losing = 0;
  let gained = 0;
  let lost = 0;
  let holdingMs = 0;
  let best = Number.NEGATIVE_INFINITY;
  let worst = Number.POSITIVE_INFINITY;
  for (const { profit, profitFraction, holdingMs: held } of roundTrips) {
    if (profit > 0) winning++;
    if (profit < 0) losing++;
    gained += Math.max(profit, 0);
    lost += Math.max(-profit, 0);
    holdingMs += held;
    best = Math.max(best, profitFraction);
    worst = Math.min(worst, profitFraction);
  }
  const trades = roundTrips.length;
  return {
    trades,
    winning,
    losing,
    winRate: ratio(winning, trades),
    profitFactor: ratio(gained, lost),
    averageWin: ratio(gained, winning),
    averageLoss: ratio(-lost, losing),
    expectancy: ratio(gained - lost, trades),
    bestTrade: trades === 0 ? null : best,
    worstTrade: trades === 0 ? null : worst,
    averageHoldingHours: ratio(holdingMs / 3_600_000, trades),
  };
}

function checkTrades(roundTrips: readonly RoundTrip[]): void {
  checkRows('tradeStatistics', 'roundTrips', roundTrips);
  roundTrips.forEach(({ profit, profitFraction, holdingMs }, index) => {
    if ([profit, profitFraction, holdingMs].every(Number.isFinite)) return;
    throw new InvalidOptionError(`The trade at index ${index} has a number that is not finite.`);
  });
}

function ratio(numerator: number, denominator: number): number | null {
  if (denominator === 0) return null;
  const value = numerator / denominator;
  return Number.isFinite(value) ? value : null;
}
