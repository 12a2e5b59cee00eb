import type { FullStatistics } from '../figures/full-statistics.js';
import { change, count, decimal, duration, moment, percent } from './format.js';
import type { Card, FactGroup } from './page-types.js';
import type { ShownRun } from './shown-run.js';
import { figureText } from './statistic-lines.js';

/** The figures that decide, in large print. */
export function cardsOf(own: FullStatistics, benchmark: FullStatistics): readonly Card[] {
  const tone = (value: number | null, border = 0) =>
    value === null || value === border ? 'plain' : value > border ? 'good' : 'bad';
  const { trades, drawdowns } = own;
  const card = (label: string, value: string, note: string, mood: Card['tone'] = 'plain'): Card => {
    return {
      label,
      value: value.replace(/ \(.*\)$/, ''),
      note: /\((.*)\)$/.exec(value)?.[1] ?? note,
      tone: mood,
    };
  };
  return [
    card(
      'Total return',
      change(own.totalReturn, 1),
      `buy and hold ${change(benchmark.totalReturn, 1)}`,
      tone(own.totalReturn),
    ),
    card(
      'Per year',
      figureText(own.annualReturn, (value) => change(value, 1)),
      `buy and hold ${figureText(benchmark.annualReturn, (value) => change(value, 1))}`,
      tone(own.annualReturn.value),
    ),
    card('Sharpe', figureText(own.sharpe, decimal), `buy and hold ${figureText(benchmark.sharpe, decimal)}`),
    card(
      'Deepest drawdown',
      percent(-(drawdowns.worst?.fraction ?? 0), 1),
      `buy and hold ${percent(-(benchmark.drawdowns.worst?.fraction ?? 0), 1)}`,
    ),
    card('Trades', count(trades.count), `${count(trades.long)} long, ${count(trades.short)} short`),
    card(
      'Win rate',
      figureText(trades.winRate, (value) => percent(value, 1)),
      `profit factor ${figureText(trades.profitFactor, decimal)}`,
    ),
    card('Exposure', percent(own.exposure, 1), 'of all bars'),
    card('Holding time', figureText(trades.averageHoldingMs, duration), 'on average'),
  ];
}

/** What the result is of, and under which rules: enough to compute it again. */
export function factsOf(result: ShownRun): readonly FactGroup[] {
  const { identity, parameters, settings } = result;
  return [
    {
      heading: 'Parameters',
      facts: Object.entries(parameters).map(([name, value]) => [name, plain(value)]),
    },
    {
      heading: 'Rules',
      facts: Object.entries(settings).map(([name, value]) => [words(name), plain(value)]),
    },
    {
      heading: 'Identity',
      facts: [
        ['strategy', identity.strategyId],
        ['backtest', identity.backtestId],
        ['market', `${identity.symbol}, ${identity.timeframe}`],
        ['candles', `${count(identity.candles)}, ${moment(identity.start)} to ${moment(identity.end)}`],
        ['seed', identity.seed],
        ...('engine' in identity
          ? ([
              [
                'engine',
                `Millrace ${identity.engine}, Node.js ${identity.node}, V8 ${identity.v8}, ${identity.architecture}`,
              ],
            ] as const)
          : []),
        ['hash of the candles', identity.dataHash],
        ...(identity.markets ?? []).map(
          ({ symbol, candles, dataHash }) =>
            [`candles of ${symbol}`, `${count(candles)}, ${dataHash}`] as const,
        ),
        ...(identity.finerHash ? ([['hash of the finer candles', identity.finerHash]] as const) : []),
        ['hash of the strategy', identity.strategyHash],
        ['hash of the settings', identity.settingsHash],
        'stored' in result ? ['store', result.stored.store] : ['fingerprint', result.fingerprint],
      ],
    },
  ];
}

/** `initialCapital` as `initial capital`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Any value of parameters and settings as short text. */
export function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value)
      .map(([name, inner]) => `${words(name)} ${plain(inner)}`)
      .join(', ');
  }
  return JSON.stringify(value) ?? String(value);
}
