import type { Figure, FullStatistics } from '../figures/full-statistics.js';
import type { NullableStatistic } from '../statistics.js';
import { count } from './format.js';
import type { ShownRun } from './shown-run.js';

/** The figures of a run whose curve has not all candles, with those in place that the log has of all of them. */
export function asStored(own: FullStatistics, result: ShownRun): FullStatistics {
  if (!('stored' in result) || result.stored.every === 1) return own;
  const { statistics } = result;
  const known = (name: NullableStatistic): Figure => {
    const value = statistics[name];
    return value === null ? { value, reason: statistics.nulls[name] ?? 'not-finite' } : { value };
  };
  const { worst } = own.drawdowns;
  return {
    ...own,
    totalReturn: statistics.totalReturn,
    finalCapital: statistics.finalCapital,
    peakCapital: statistics.peakCapital,
    annualReturn: known('annualReturn'),
    annualVolatility: known('annualVolatility'),
    sharpe: known('sharpe'),
    sortino: known('sortino'),
    calmar: known('calmar'),
    drawdowns: { ...own.drawdowns, worst: worst && { ...worst, fraction: statistics.maxDrawdown } },
  };
}

/** What the reader of a report that was made from a log has to know. */
export function storedNotes(result: ShownRun): readonly string[] {
  if (!('stored' in result)) return [];
  const { every, exact, level } = result.stored;
  const curve = exact
    ? 'The curve was computed from the candles and the fills of the log.'
    : every === 1
      ? 'The curve is that of the log, of each candle.'
      : `The curve is that of the log: one candle in ${count(every)}. Return, Sharpe, Sortino, Calmar, volatility and the depth of the deepest drawdown are of all candles, all other figures per bar are of these.`;
  const orders =
    level === 'full' ? '' : ` At the level '${level}' the log has those orders only that were filled.`;
  return [
    `Made from the log alone. ${curve}${orders} What the strategy recorded and wrote down is not in the log.`,
  ];
}
