import { type CandleReport, type Candles, loadCandles } from '../backtest/index.js';
import { visible } from '../kernel/visible.js';
import { CANDLE_ARGUMENTS, CANDLE_HELP, candleOptions } from './candle-arguments.js';
import { type Command, parseCommand, UsageError } from './command.js';
import { jsonLine, print } from './output.js';
import { grouped, table } from './table.js';

const help = `millrace candles FILE... [options]

Reads candles, or trades, as a backtest would, and says what was understood: rows, span, timeframe, gaps, and the first
and last three candles. Several files are joined. CSV in all dialects, Binance, Upbit, Yahoo, Stooq, JSON, JSON lines, each
also packed with gzip or zip; see docs/candles.md.

${CANDLE_HELP}  --json             print one JSON object
  --help             print this text
`;

const SHOWN = 3;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: { ...CANDLE_ARGUMENTS, json: { type: 'boolean', default: false } },
  });
  if (positionals.length === 0 || positionals.includes(''))
    throw new UsageError("'candles' needs a file: millrace candles FILE");
  const { json, ...rest } = values;
  const { candles, report } = await loadCandles(positionals, candleOptions(rest));
  const [first, last] = ends(candles);
  await print(json ? `${jsonLine({ ...report, first, last })}\n` : textOf(report, candles));
  return 0;
}

interface Shown {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** The first and the last candles; none twice. */
function ends(candles: Candles): readonly [first: Shown[], last: Shown[]] {
  const { length, time, open, high, low, close, volume } = candles;
  const at = (row: number): Shown => {
    const [t = 0, o = 0, h = 0, l = 0, c = 0, v = 0] = [time, open, high, low, close, volume].map(
      (column) => column[row],
    );
    return { time: t, open: o, high: h, low: l, close: c, volume: v };
  };
  const rows = Array.from({ length }, (_, row) => row);
  const head = rows.slice(0, SHOWN);
  return [head.map(at), rows.slice(Math.max(head.length, length - SHOWN)).map(at)];
}

function textOf(report: CandleReport, candles: Candles): string {
  const { start, end, timeframe, madeFrom, gaps } = report;
  const lines = [
    [
      'candles',
      `${grouped(report.candles)} of ${timeframe}${madeFrom === null ? '' : `, made from ${madeFrom}`}`,
    ],
    ['span', `${clock(start)} to ${clock(end)} (starts of the first and the last, UTC)`],
    ['gaps', gapsText(gaps)],
    ...fundingLine(report),
    ...faultLines(report),
  ];
  const width = Math.max(...lines.map(([name = '']) => name.length));
  return `
${report.sources.map(sourceText).join('\n')}

${lines.map(([name = '', text]) => `${name.padEnd(width)}  ${text}`).join('\n')}

${candleTable(candles)}
${firstOf(report)}`;
}

function sourceText({
  name,
  packed,
  kind,
  format,
  separator,
  rows,
  times,
  zone,
  stamps,
  newestFirst,
}: CandleReport['sources'][number]): string {
  const separated =
    separator === undefined ? '' : `, cells separated by ${SEPARATORS[separator] ?? `'${separator}'`}`;
  const written =
    times === 'written' ? `written, read as ${zone} where they name no zone` : `numbers in ${times}`;
  const what =
    format === 'trades' ? 'trades' : `candles, each stamped with its ${stamps === 'open' ? 'start' : 'end'}`;
  return `${visible(name)}
  ${kind}${packed === null ? '' : ` in ${packed}`}, format ${format}${separated}
  ${grouped(rows)} ${what}${newestFirst ? ', newest first' : ''}
  times are ${written}`;
}

const SEPARATORS: Readonly<Record<string, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'bars',
};

/** One rate in each candle of minutes is a rate that was copied down: it would be paid as often. */
function fundingLine({ fundingRates, candles }: CandleReport): string[][] {
  if (fundingRates === null) return [];
  const dense = fundingRates === candles ? ', one in each candle: each is paid' : '';
  return [['funding', `${grouped(fundingRates)} rates${dense}`]];
}

function gapsText({ count, missing, largest, withoutWeekends }: CandleReport['gaps']): string {
  const weekends = withoutWeekends ? ' (weekends not counted)' : '';
  if (largest === null) return `none${weekends}`;
  return `${grouped(count)}, with ${grouped(missing)} candles missing${weekends}; the largest of ${grouped(largest.missing)}, after ${clock(largest.after)}`;
}

/** What was wrong, without what was not. */
function faultLines(report: CandleReport): string[][] {
  const counts: readonly (readonly [string, number, string])[] = [
    ['duplicates', report.duplicates, 'left out: another row has the same time'],
    ['disordered', report.disordered, 'sorted: earlier than a row before them'],
    ['empty', report.emptyRows, "left out: prices are 'null'"],
    ['rounded', report.rounded, 'put right: high or low was within the tolerance of open or close'],
    ['bad rows', report.badRows, 'left out'],
  ];
  return counts
    .filter(([, count]) => count > 0)
    .map(([name, count, what]) => [name, `${grouped(count)} ${what}`]);
}

function candleTable(candles: Candles): string {
  const [first, last] = ends(candles);
  const row = ({ time, open, high, low, close, volume }: Shown) => [
    clock(time),
    // Sums of fractions have digits at their end that nobody wrote.
    ...[open, high, low, close, volume].map((value) => String(Number(value.toPrecision(12)))),
  ];
  const middle = candles.length > 2 * SHOWN ? [['…']] : [];
  const headings = ['<start', 'open', 'high', 'low', 'close', 'volume'];
  return table(headings, [...first.map(row), ...middle, ...last.map(row)]);
}

function firstOf({ faults, badRows }: CandleReport): string {
  if (faults.length === 0) return '';
  const rows = faults.map(({ source, at, fault }) => [`${at}`, source, fault]);
  const more = badRows > faults.length ? `… and ${grouped(badRows - faults.length)} more\n` : '';
  return `\n${table(['at', '<file', '<fault'], rows)}\n${more}`;
}

function clock(time: number): string {
  return new Date(time)
    .toISOString()
    .replace('T', ' ')
    .replace(/(?::00)?\.000Z$/, '')
    .replace('Z', '');
}

export default { help, run } satisfies Command;
