import type { Figure, FullStatistics } from '../figures/full-statistics.js';
import { ABSENT, change, count, decimal, duration, moment, money, percent } from './format.js';
import type { StatisticGroup, StatisticLine } from './page-types.js';

const REASONS: Readonly<Record<NonNullable<Figure['reason']>, string>> = {
  'span-too-short': 'data too short',
  'too-few-returns': 'too few returns',
  'no-deviation': 'no deviation',
  'no-drawdown': 'no drawdown',
  ruined: 'account ruined',
  'not-finite': 'too large',
  'no-trades': 'no trades',
  'no-wins': 'no wins',
  'no-losses': 'no losses',
};

/** A figure as text; where there is none, why. */
export function figureText(figure: Figure, text: (value: number) => string): string {
  return figure.value === null ? `${ABSENT} (${REASONS[figure.reason]})` : text(figure.value);
}

type Read = (all: FullStatistics) => string;

function line(label: string, title: string, read: Read, hasBenchmark = true) {
  return { label, title, read, hasBenchmark };
}

const RETURNS = [
  line('Total return', 'From the initial capital to the end', (all) => change(all.totalReturn)),
  line('Return per year', 'Compound annual growth rate', (all) => figureText(all.annualReturn, change)),
  line('Volatility per year', 'Deviation of the returns per bar, annualised', (all) =>
    figureText(all.annualVolatility, percent),
  ),
  line('Mean return per bar', 'Arithmetic mean', (all) =>
    figureText(all.perBar.mean, (value) => change(value, 4)),
  ),
  line('Mean return per day', 'From the last value of each UTC day', (all) =>
    figureText(all.perDay.mean, (value) => change(value, 3)),
  ),
  line('Deviation per day', 'Over n − 1', (all) =>
    figureText(all.perDay.deviation, (value) => percent(value, 3)),
  ),
  line('Skewness', 'Of the returns per bar; below 0 the losses are the extremes', (all) =>
    figureText(all.skewness, decimal),
  ),
  line('Kurtosis', 'Of the returns per bar; 3 for a normal distribution', (all) =>
    figureText(all.kurtosis, decimal),
  ),
  line('Final capital', 'At the last close', (all) => money(all.finalCapital)),
  line('Peak capital', 'Highest at a close', (all) => money(all.peakCapital)),
];

const RISK = [
  line('Sharpe', 'Mean over deviation of the returns per bar, annualised, risk-free rate 0', (all) =>
    figureText(all.sharpe, decimal),
  ),
  line('Sharpe per bar', 'Not annualised', (all) =>
    figureText(all.perBar.sharpe, (value) => decimal(value, 4)),
  ),
  line('Sharpe per day', 'Not annualised', (all) =>
    figureText(all.perDay.sharpe, (value) => decimal(value, 4)),
  ),
  line(
    'Probability of Sharpe above 0',
    'Probabilistic Sharpe ratio, Bailey and López de Prado (2012)',
    (all) => figureText(all.probabilisticSharpe, percent),
  ),
  line('Sortino', 'As Sharpe, over the root mean square of the losses', (all) =>
    figureText(all.sortino, decimal),
  ),
  line('Calmar', 'Return per year over the deepest drawdown', (all) => figureText(all.calmar, decimal)),
  line('Omega', 'Sum of gains over sum of losses, per bar', (all) => figureText(all.omega, decimal)),
  line('Value at risk, 95 %', 'One day in twenty is worse', (all) => figureText(all.valueAtRisk, percent)),
  line('Expected shortfall, 95 %', 'Average of the days that are worse', (all) =>
    figureText(all.expectedShortfall, percent),
  ),
  line('Beta', 'Against the benchmark, per bar', (all) => figureText(all.beta, decimal), false),
  line(
    'Alpha per year',
    'What is added to beta times the benchmark',
    (all) => figureText(all.alpha, change),
    false,
  ),
  line('Correlation', 'With the benchmark, per bar', (all) => figureText(all.correlation, decimal), false),
];

const DRAWDOWNS = [
  line('Deepest', 'As a part of the peak before', (all) => percent(-(all.drawdowns.worst?.fraction ?? 0))),
  line('Deepest, money', 'From peak to bottom', ({ drawdowns: { worst } }) =>
    worst ? money(worst.bottom - worst.peak) : '0',
  ),
  line('From', 'When its peak was', ({ drawdowns: { worst } }) => (worst ? moment(worst.start) : '–')),
  line('Bottom', 'When it was deepest', ({ drawdowns: { worst } }) =>
    worst ? moment(worst.bottomTime) : '–',
  ),
  line('Recovered', 'When the peak was reached again', ({ drawdowns: { worst } }) =>
    worst ? (worst.end === null ? 'not yet' : moment(worst.end)) : '–',
  ),
  line('Longest', 'From a peak until it was reached again, or the end', (all) =>
    duration(all.drawdowns.longestMs),
  ),
  line('Average', 'Of all drawdowns', (all) => percent(-all.drawdowns.average)),
  line('Average length', 'Of all drawdowns', (all) => duration(all.drawdowns.averageMs)),
  line('Drawdowns', 'How many', (all) => count(all.drawdowns.count)),
];

const TRADES = [
  line(
    'Trades',
    'Closed positions, long and short',
    ({ trades }) => `${count(trades.count)} (${count(trades.long)} long, ${count(trades.short)} short)`,
    false,
  ),
  line(
    'Win rate',
    'Trades with a profit',
    ({ trades }) => figureText(trades.winRate, (value) => percent(value, 1)),
    false,
  ),
  line(
    'Profit factor',
    'Sum of profits over sum of losses',
    ({ trades }) => figureText(trades.profitFactor, decimal),
    false,
  ),
  line(
    'Expectancy',
    'Average profit of a trade',
    ({ trades }) => figureText(trades.expectancy, money),
    false,
  ),
  line('Average trade', 'As a part of what it cost', ({ trades }) => change(trades.averageTrade), false),
  line('Average win', 'Of trades with a profit', ({ trades }) => figureText(trades.averageWin, money), false),
  line('Average loss', 'Of trades with a loss', ({ trades }) => figureText(trades.averageLoss, money), false),
  line('Payoff ratio', 'Average win over average loss', ({ trades }) => decimal(trades.payoffRatio), false),
  line(
    'Best trade',
    'As a part of what it cost',
    ({ trades }) => figureText(trades.bestTrade, change),
    false,
  ),
  line(
    'Worst trade',
    'As a part of what it cost',
    ({ trades }) => figureText(trades.worstTrade, change),
    false,
  ),
  line(
    'Streaks',
    'Most wins, and most losses, one after the other',
    ({ trades }) => `${trades.longestWinStreak} won, ${trades.longestLossStreak} lost`,
    false,
  ),
  line('Holding time', 'Average', ({ trades }) => figureText(trades.averageHoldingMs, duration), false),
  line(
    'Shortest, longest',
    'Holding time',
    ({ trades }) => `${duration(trades.shortestHoldingMs)}, ${duration(trades.longestHoldingMs)}`,
    false,
  ),
  line(
    'System quality',
    'SQN: mean profit over its deviation, times the root of the number',
    ({ trades }) => decimal(trades.sqn),
    false,
  ),
  line(
    'Kelly',
    'Part of the capital that Kelly’s formula would stake',
    ({ trades }) => percent(trades.kelly, 1),
    false,
  ),
  line(
    'Worst while held',
    'Average maximum adverse excursion',
    ({ trades }) => percent(trades.averageWorst),
    false,
  ),
  line(
    'Best while held',
    'Average maximum favourable excursion',
    ({ trades }) => percent(trades.averageBest),
    false,
  ),
];

const COSTS = [
  line('Exposure', 'Bars on whose close a position was held', (all) => percent(all.exposure, 1)),
  line('Commission', 'Of all fills', (all) => money(all.commission), false),
  line(
    'Funding',
    'Received, or below 0 paid, on what was held',
    ({ funding }) => (funding === null ? ABSENT : money(funding)),
    false,
  ),
  line('Turnover', 'Value of all fills, bought and sold', (all) => money(all.turnover), false),
];

/** All statistics as text, those of the benchmark beside them. */
export function statisticGroups(own: FullStatistics, benchmark: FullStatistics): readonly StatisticGroup[] {
  const lines = (all: readonly ReturnType<typeof line>[]): StatisticLine[] =>
    all.map(({ label, title, read, hasBenchmark }) => ({
      label,
      title,
      value: read(own),
      benchmark: hasBenchmark ? read(benchmark) : '',
    }));
  return [
    { heading: 'Returns', lines: lines(RETURNS) },
    { heading: 'Risk', lines: lines(RISK) },
    { heading: 'Drawdowns', lines: lines(DRAWDOWNS) },
    { heading: 'Trades', lines: lines(TRADES) },
    { heading: 'Market and costs', lines: lines(COSTS) },
  ];
}
