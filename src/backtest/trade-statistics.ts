import type { RoundTrip } from './account.js';

/** What the closed positions say. Amounts are in the currency of the prices. */
export interface TradeStatistics {
  readonly trades: number;
  /** Trades with a profit above 0. */
  readonly winning: number;
  /** Trades with a profit below 0. */
  readonly losing: number;
  readonly winRate: number | null;
  /** Sum of profits over sum of losses. */
  readonly profitFactor: number | null;
  readonly averageWin: number | null;
  /** Below 0. */
  readonly averageLoss: number | null;
  /** Average profit per trade. */
  readonly expectancy: number | null;
  /** Profit of the best trade as a fraction of what it cost. */
  readonly bestTrade: number | null;
  readonly worstTrade: number | null;
  readonly averageHoldingHours: number | null;
}

/** Statistics of closed positions, in the order in which they were closed. */
export function tradeStatistics(roundTrips: readonly RoundTrip[]): TradeStatistics {
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

function ratio(numerator: number, denominator: number): number | null {
  if (denominator === 0) return null;
  const value = numerator / denominator;
  return Number.isFinite(value) ? value : null;
}
