/** What is taken of a trade; the rows of a result have it. */
export interface FigureTrade {
  readonly side: 'long' | 'short';
  readonly profit: number;
  readonly profitFraction: number;
  readonly holdingMs: number;
  readonly best: number;
  readonly worst: number;
}

/** Figures of closed trades, beyond those of `tradeStatistics`. Null where there is none to take them from. */
export interface TradeFigures {
  readonly long: number;
  readonly short: number;
  /** Profit of a trade on average, as a fraction of what it cost. */
  readonly averageTrade: number | null;
  /** Average win over average loss. */
  readonly payoffRatio: number | null;
  readonly longestWinStreak: number;
  readonly longestLossStreak: number;
  readonly shortestHoldingMs: number | null;
  readonly longestHoldingMs: number | null;
  /** System quality number: mean profit over its deviation, times the root of the number of trades. Null below two. */
  readonly sqn: number | null;
  /** Part of the capital that Kelly's formula would stake: win rate less loss rate over payoff ratio. */
  readonly kelly: number | null;
  /** Deepest a trade stood below its entry on average (maximum adverse excursion); 0 or less. */
  readonly averageWorst: number | null;
  /** Highest it stood above (maximum favourable excursion); 0 or more. */
  readonly averageBest: number | null;
}

export function tradeFigures(trades: readonly FigureTrade[]): TradeFigures {
  const count = trades.length;
  const wins = trades.filter(({ profit }) => profit > 0);
  const losses = trades.filter(({ profit }) => profit < 0);
  const average = (values: readonly number[]) =>
    values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  const payoffRatio = ratio(
    average(wins.map(({ profit }) => profit)),
    average(losses.map(({ profit }) => -profit)),
  );
  const winRate = wins.length / count;
  const holding = trades.map(({ holdingMs }) => holdingMs);
  return {
    long: trades.filter(({ side }) => side === 'long').length,
    short: trades.filter(({ side }) => side === 'short').length,
    averageTrade: average(trades.map(({ profitFraction }) => profitFraction)),
    payoffRatio,
    longestWinStreak: longestStreak(trades, (profit) => profit > 0),
    longestLossStreak: longestStreak(trades, (profit) => profit < 0),
    shortestHoldingMs: count === 0 ? null : holding.reduce((a, b) => Math.min(a, b)),
    longestHoldingMs: count === 0 ? null : holding.reduce((a, b) => Math.max(a, b)),
    sqn: sqnOf(trades.map(({ profit }) => profit)),
    kelly: payoffRatio === null ? null : winRate - losses.length / count / payoffRatio,
    averageWorst: average(trades.map(({ worst }) => worst)),
    averageBest: average(trades.map(({ best }) => best)),
  };
}

function ratio(above: number | null, below: number | null): number | null {
  return above === null || below === null ? null : above / below;
}

function longestStreak(trades: readonly FigureTrade[], counts: (profit: number) => boolean): number {
  let longest = 0;
  let current = 0;
  for (const { profit } of trades) {
    current = counts(profit) ? current + 1 : 0;
    longest = Math.max(longest, current);
  }
  return longest;
}

function sqnOf(profits: readonly number[]): number | null {
  const count = profits.length;
  if (count < 2) return null;
  const mean = profits.reduce((sum, profit) => sum + profit, 0) / count;
  const squares = profits.reduce((sum, profit) => sum + (profit - mean) * (profit - mean), 0);
  const deviation = Math.sqrt(squares / (count - 1));
  return deviation > Math.abs(mean) * 1e-12 ? (mean / deviation) * Math.sqrt(count) : null;
}
