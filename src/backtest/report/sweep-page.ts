import { InputError } from '../../faces/errors.js';
import { packColumn } from '../../page/columns.js';
import type { PackedColumn } from '../../page/packed-column.js';
import { expectedBestSharpe, probabilisticSharpe } from '../figures/sharpe-tests.js';
import { change, count, decimal, percent } from './format.js';
import { REPORT_MAX_RUNS } from './limits.js';
import type { Card, SweepMetric, SweepPage } from './page-types.js';
import type { SweepReport, SweepReportRow } from './sweep-input.js';

const METRICS: readonly (SweepMetric & { readonly name: keyof Omit<SweepReportRow, 'parameters'> })[] = [
  { name: 'totalReturn', label: 'Total return', form: 'percent', isBetterUp: true },
  { name: 'annualReturn', label: 'Per year', form: 'percent', isBetterUp: true },
  { name: 'sharpe', label: 'Sharpe', form: 'number', isBetterUp: true },
  { name: 'maxDrawdown', label: 'Deepest drawdown', form: 'percent', isBetterUp: false },
  { name: 'profitFactor', label: 'Profit factor', form: 'number', isBetterUp: true },
  { name: 'winRate', label: 'Win rate', form: 'percent', isBetterUp: true },
  { name: 'trades', label: 'Trades', form: 'count', isBetterUp: true },
  { name: 'finalCapital', label: 'Final capital', form: 'money', isBetterUp: true },
];

/** What the page of a sweep shows. @throws InputError for a sweep without runs, or with more than a page can hold. */
export function sweepPage(report: SweepReport): SweepPage {
  const { rows, benchmark, facts = {} } = report;
  if (rows.length === 0) throw new InputError('A report of a sweep needs at least one run.');
  if (rows.length > REPORT_MAX_RUNS) {
    throw new InputError(
      `A report of ${rows.length} runs is too large for a page; the limit is ${REPORT_MAX_RUNS}. Pass the best ones.`,
    );
  }
  const parameters = [...new Set(rows.flatMap((row) => Object.keys(row.parameters)))];
  const texts: Record<string, readonly string[]> = {};
  const columns: Record<string, PackedColumn> = {};
  for (const name of parameters) {
    const values = rows.map((row) => row.parameters[name]);
    const isNumeric = values.every((value) => typeof value === 'number' && Number.isFinite(value));
    if (!isNumeric) texts[name] = [...new Set(values.map(asText))].sort();
    const numbers = isNumeric
      ? (values as number[])
      : values.map((value) => texts[name]?.indexOf(asText(value)) ?? -1);
    columns[`parameter:${name}`] = packColumn(numbers);
  }
  for (const { name } of METRICS)
    columns[`metric:${name}`] = packColumn(rows.map((row) => row[name] ?? Number.NaN));
  const test = deflatedSharpe(report);
  return {
    kind: 'sweep',
    title: report.title,
    subtitle: `${count(rows.length)} runs over ${parameters.length} parameter${parameters.length === 1 ? '' : 's'}`,
    cards: cardsOf(report, test),
    notes: notesOf(report, test),
    facts: [{ heading: 'Identity', facts: Object.entries(facts) }],
    parameters,
    texts,
    metrics: METRICS,
    runs: rows.length,
    columns,
    benchmark: Object.fromEntries(METRICS.map(({ name }) => [name, benchmark[name] ?? null])),
  };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
}

interface DeflatedSharpe {
  /** Annualised Sharpe ratio that the best of so many worthless runs is expected to have. */
  readonly threshold: number;
  readonly best: number;
  /** Deflated Sharpe ratio: probability that the best is better than that. */
  readonly probability: number;
  readonly isNormal: boolean;
}

/** The deflated Sharpe ratio of the best run; undefined where the data does not tell it. */
function deflatedSharpe({
  rows,
  bars = 0,
  barsPerYear,
  best: shape,
}: SweepReport): DeflatedSharpe | undefined {
  const known = rows.flatMap(({ sharpe }) => (sharpe === null ? [] : [sharpe]));
  if (!barsPerYear || bars < 3 || known.length < 2) return undefined;
  const perBar = known.map((sharpe) => sharpe / Math.sqrt(barsPerYear));
  const mean = perBar.reduce((sum, value) => sum + value, 0) / perBar.length;
  const variance = perBar.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (perBar.length - 1);
  const best = perBar.reduce((a, b) => Math.max(a, b));
  const threshold = expectedBestSharpe(perBar.length, variance);
  const moments = { count: bars - 1, skewness: shape?.skewness ?? 0, kurtosis: shape?.kurtosis ?? 3 };
  const probability = probabilisticSharpe(best, moments, threshold);
  const yearly = Math.sqrt(barsPerYear);
  return { threshold: threshold * yearly, best: best * yearly, probability, isNormal: shape === undefined };
}

function cardsOf(
  { rows, benchmark, overfitting: choice }: SweepReport,
  test: DeflatedSharpe | undefined,
): readonly Card[] {
  const returns = rows.map((row) => row.totalReturn).sort((a, b) => a - b);
  const best = returns.at(-1) ?? 0;
  const middle = returns[returns.length >> 1] ?? 0;
  const held = benchmark.totalReturn;
  const beats =
    held === undefined ? undefined : returns.filter((value) => value > held).length / returns.length;
  const sharpes = rows.flatMap(({ sharpe }) => (sharpe === null ? [] : [sharpe]));
  const tone = (value: number): Card['tone'] => (value > 0 ? 'good' : value < 0 ? 'bad' : 'plain');
  return [
    {
      label: 'Best return',
      value: change(best, 1),
      note: held === undefined ? '' : `buy and hold ${change(held, 1)}`,
      tone: tone(best),
    },
    {
      label: 'Median return',
      value: change(middle, 1),
      note: 'half of the runs are worse',
      tone: tone(middle),
    },
    {
      label: 'With a profit',
      value: percent(returns.filter((value) => value > 0).length / returns.length, 0),
      note: 'of all runs',
      tone: 'plain',
    },
    { label: 'Better than holding', value: percent(beats ?? null, 0), note: 'of all runs', tone: 'plain' },
    {
      label: 'Best Sharpe',
      value: decimal(sharpes.length === 0 ? null : sharpes.reduce((a, b) => Math.max(a, b))),
      note: test ? `${decimal(test.threshold)} by chance alone` : '',
      tone: 'plain',
    },
    {
      label: 'Deflated Sharpe',
      value: test ? percent(test.probability, 0) : 'n/a',
      note: 'probability that the best is no luck',
      tone: test ? (test.probability >= 0.95 ? 'good' : 'bad') : 'plain',
    },
    ...(choice
      ? [
          {
            label: 'Overfitting',
            value: percent(choice.probability, 0),
            note: choice.splits === 0 ? 'all runs are equal' : 'of the choices did not carry over',
            tone: (choice.probability ?? 0) < 0.5 ? ('plain' as const) : ('bad' as const),
          },
        ]
      : []),
  ];
}

function notesOf(report: SweepReport, test: DeflatedSharpe | undefined): readonly string[] {
  return [...luckNotes(report, test), ...choiceNotes(report)];
}

function choiceNotes({ overfitting: choice, rows }: SweepReport): readonly string[] {
  if (!choice) return [];
  if (choice.splits === 0)
    return [
      'Probability of backtest overfitting: there is none, because the runs do not differ in both halves of the time, however it is cut. There was nothing to choose.',
    ];
  const { probability, probabilityOfLoss, blocks, splits, runs } = choice;
  const all = runs === rows.length ? '' : ` of ${count(runs)} runs`;
  return [
    `Probability of backtest overfitting: the returns${all} were cut into ${blocks} parts; in ${percent(probability, 0)} of the ${count(splits)} ways to choose by one half of them, the run chosen was in the lower half of the other, and in ${percent(probabilityOfLoss, 0)} it lost there. 50 % is a coin. Bailey, Borwein, López de Prado and Zhu, “The Probability of Backtest Overfitting”, 2015.`,
  ];
}

function luckNotes({ rows }: SweepReport, test: DeflatedSharpe | undefined): readonly string[] {
  if (!test)
    return [
      'Whether the best run is more than luck is not tested: Sharpe ratios or the number of bars are not known.',
    ];
  const shape = test.isNormal ? ', normally distributed returns' : '';
  return [
    `Deflated Sharpe ratio: of ${count(rows.length)} runs without any skill the best would be expected to have a Sharpe ratio of ${decimal(test.threshold)}; the best here has ${decimal(test.best)}, and is better than that with a probability of ${percent(test.probability, 0)} (95 % is the usual bar${shape}; all runs counted as independent, which is strict where neighbours trade alike). Bailey and López de Prado, “The Deflated Sharpe Ratio”, 2014.`,
  ];
}
