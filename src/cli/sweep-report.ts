import { type SweepResult, type SweepRow, timeframeOf } from '../backtest/index.js';
import { ANNUALISE_DAYS_MIN } from '../limits.js';
import type { Clock } from './candle-files.js';
import { shellQuote } from './command.js';
import { decimals, grouped, percentage, table } from './table.js';

/**
 * What `sweep` prints for a person.
 *
 * @param totalSeconds what the whole command took: reading the candles, opening the store, reading the results back.
 */
export function sweepReport(
  result: SweepResult,
  candles: Clock,
  store: string,
  totalSeconds: number,
): string {
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  const span = `${grouped(candles.length)} candles (${timeframeOf(candles)}, ${day(candles.start)} to ${day(candles.end)})`;
  return `
${grouped(result.finished)} of ${grouped(result.runs)} backtests of '${result.strategy}' finished over ${span}${odd(result)}

${bestTable(result, candles.markets)}

Returns after commission, the best by ${result.sortBy}; ${grouped(result.profitable)} runs of ${grouped(result.finished)} made a profit.
Sharpe: close to close, risk-free rate 0, deviation over n - 1, annualised by the candles per year of the data.${shortSpan(candles)}

${countsTable(result)}

${overfitting(result)}speed        ${speed(result)}
time         ${time(result, totalSeconds)}
fingerprint  ${result.fingerprint}
store        ${store}
look inside  npx millrace inspect ${shellQuote(store)}
`;
}

/** Runs that have no row. */
function odd({ failed, skipped, failures }: SweepResult): string {
  const lines: string[] = [];
  if (skipped > 0)
    lines.push(
      `${grouped(skipped)} parameter sets were left out, because the strategy refuses them as a whole.`,
    );
  if (failed > 0) lines.push(`${grouped(failed)} runs failed:`);
  for (const { backtestId, error } of failures) lines.push(`  ${backtestId}: ${error.slice(0, 160)}`);
  return lines.length === 0 ? '' : `\n${lines.join('\n')}`;
}

/** How far the best row is to be believed. */
function overfitting({ overfitting: choice }: SweepResult): string {
  if (choice === null) return '';
  if (choice.splits === 0)
    return 'overfitting  n/a: the runs are all equal, and there was nothing to choose\n';
  return `overfitting  ${percentage(choice.probability)}: so often the best of one half of the time was in the lower half of the other; 50 % is a coin\n`;
}

/** Why a column is all n/a. */
function shortSpan({ start, end }: Clock): string {
  if (end - start >= ANNUALISE_DAYS_MIN * 86_400_000) return '';
  return ` The candles\nspan less than ${ANNUALISE_DAYS_MIN} days, so nothing is annualised: 'per year' and Sharpe are n/a.`;
}

const COLUMNS = ['return', 'per year', 'Sharpe', 'drawdown', 'trades', 'won', 'profit factor'] as const;

function bestTable({ best, buyAndHold }: SweepResult, markets: number): string {
  const names = Object.keys(best[0]?.parameters ?? {});
  const [first, ...others] = names.length === 0 ? ['strategy'] : names;
  const rows = best.map((row, index) => [String(index + 1), ...rowCells(row, names)]);
  const { totalReturn, annualReturn, sharpe, maxDrawdown } = buyAndHold;
  const cells = [...[totalReturn, annualReturn].map(percentage), decimals(sharpe), percentage(maxDrawdown)];
  rows.push(['', 'buy and hold', ...others.map(() => ''), ...cells, String(markets), '', '']);
  return table(['#', `<${first}`, ...others, ...COLUMNS], rows);
}

function rowCells(row: SweepRow, names: readonly string[]): string[] {
  const parameters = names.map((name) => String(row.parameters[name]));
  return [
    ...(names.length === 0 ? [''] : parameters),
    percentage(row.totalReturn),
    percentage(row.annualReturn),
    decimals(row.sharpe),
    percentage(row.maxDrawdown),
    String(row.trades),
    percentage(row.winRate),
    decimals(row.profitFactor),
  ];
}

function countsTable({ countsByType, events }: SweepResult): string {
  const rows = Object.entries(countsByType).map(([type, count]) => [type, grouped(count)]);
  return table(['<event type', 'events'], [...rows, ['total', grouped(events)]]);
}

function speed(result: SweepResult): string {
  const threads =
    result.threads === 0 ? 'the main thread' : `${result.threads} thread${result.threads === 1 ? '' : 's'}`;
  if (result.candleSteps === 0) return `nothing was left to run (${threads})`;
  const perSecond = `${grouped(result.eventsPerSecond)} events/s, ${grouped(result.candleStepsPerSecond)} candle steps/s`;
  return `${perSecond} on ${threads}, ${result.seconds.toFixed(2)} s${result.resumed ? ', resumed' : ''}`;
}

/** The speed is that of the backtests alone, which may be the smaller part of a short command. */
function time({ seconds }: SweepResult, totalSeconds: number): string {
  const rest = Math.max(0, totalSeconds - seconds);
  return `${totalSeconds.toFixed(2)} s in all, ${rest.toFixed(2)} s of it for the candles, opening, reading results back and the fingerprint`;
}
