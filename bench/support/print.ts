import { describeTarget, meets, type Report, type Result } from './report.js';

const HEADINGS: Readonly<Record<string, string>> = {
  name: '',
  eventsPerSecond: 'events/s',
  cpuMicrosPerEvent: 'CPU µs/event',
  rssMegabytes: 'RSS MB',
};

/** A bench's report as aligned text, targets beside the figures. */
export function formatReport({ bench, config, results, ratios, targets }: Report): string {
  const { machine, ...rest } = config;
  const about = Object.entries({ ...machine, ...rest }).map(([key, value]) => `${key} ${describe(value)}`);
  const parts = [`\n== ${bench} ==`, wrap(about), ''];
  const columns = columnsOf(results);
  parts.push(
    alignColumns([
      columns.map((column) => HEADINGS[column] ?? column),
      ...results.map((result) => columns.map((column) => formatFigure(result[column]))),
    ]),
  );
  const lines = Object.entries(ratios).map(([name, value]) => {
    const target = targets?.[name];
    return [
      name,
      formatFigure(value),
      target ? describeTarget(target) : '',
      target ? (meets(value, target) ? 'met' : 'NOT MET') : '',
    ];
  });
  if (lines.length > 0) parts.push('', alignColumns([['ratio', 'measured', 'target', ''], ...lines]));
  return parts.join('\n');
}

/** Every figure that some result has, in the order of first mention. */
export function columnsOf(results: readonly Result[]): readonly string[] {
  return [...new Set(results.flatMap((result) => Object.keys(result)))];
}

export function formatFigure(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (Number.isNaN(value)) return '–';
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)));
}

/** Names to the left, figures to the right. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function describe(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function wrap(words: readonly string[], width = 110): string {
  const lines = [''];
  for (const word of words) {
    const line = lines.at(-1) as string;
    if (line !== '' && line.length + word.length + 3 > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} · ${word}`;
  }
  return lines.join('\n');
}
