import type { Figure, FullStatistics } from '../figures/full-statistics.js';
import type { NullableStatistic } from '../statistics.js';
import { count } from './format.js';
import type { RunFigures } from './run-figures.js';
import type { ShownRun } from './shown-run.js';

/**
 * The figures that the report of a run shows. Of one from a log whose curve is not that of its candles they are those that
 * were written down with it, which are of all candles; a run of a sweep has none, and there its ranking's are put in place.
 */
export function shownFigures(ofCurve: RunFigures, result: ShownRun): RunFigures {
  if (!('stored' in result) || result.stored.exact) return ofCurve;
  const { figures, every } = result.stored;
  if (figures !== null) return figures;
  return every === 1 ? ofCurve : { ...ofCurve, run: asRanked(ofCurve.run, result) };
}

function asRanked(own: FullStatistics, { statistics }: ShownRun): FullStatistics {
  // A ranking has no annual figures of less than 30 days; those of the curve that is shown are there from three on.
  const known = (name: NullableStatistic & keyof FullStatistics): Figure => {
    const value = statistics[name];
    if (value !== null) return { value };
    const reason = statistics.nulls[name] ?? 'not-finite';
    return reason === 'span-too-short' ? own[name] : { value, reason };
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
  const { level } = result.stored;
  const orders =
    level === 'full' ? '' : ` At the level '${level}' the log has those orders only that were filled.`;
  return [
    `Made from the log alone. ${curveNote(result.stored, result)}${orders} What the strategy recorded and wrote down is not in the log.`,
  ];
}

function curveNote(
  { every, exact, figures }: Extract<ShownRun, { readonly stored: unknown }>['stored'],
  { statistics }: ShownRun,
): string {
  if (exact) return 'The curve was computed from the candles and the fills of the log.';
  if (every === 1) return 'The curve is that of the log, of each candle.';
  const curve = `The curve is that of the log: one candle in ${count(every)}.`;
  if (figures !== null) return `${curve} All figures are of all candles.`;
  const ranked =
    statistics.nulls.sharpe === 'span-too-short' ? 'Return' : 'Return, Sharpe, Sortino, Calmar, volatility';
  return `${curve} ${ranked} and the depth of the deepest drawdown are of all candles; all other figures per bar, per day and per month, and those of buying and holding, are of these. With the candles all figures are of all of them.`;
}
