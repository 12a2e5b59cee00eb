import type { ProfileChange, ProfileDiff } from './change.js';
import { asBytes, asCount, asNumber, asShare } from './units.js';

const LABELS: Readonly<Record<ProfileChange['what'], string>> = {
  'micros-per-event': 'CPU per event',
  'bytes-per-event': 'allocated per event',
  throughput: 'throughput',
  'busy-share': 'busy',
};

const NOTHING = '–';

/** The comparison as lines for a terminal: first what got worse, in a sentence, then every figure. */
export function diffText({
  before,
  after,
  threshold,
  changes,
  regressions,
}: Omit<ProfileDiff, 'text'>): string {
  const verdict =
    regressions.length === 0
      ? `Nothing got worse by more than ${asShare(threshold)}.`
      : `${regressions.length === 1 ? 'One figure' : `${regressions.length} figures`} got worse by more than ${asShare(threshold)}.`;
  const rows = [['', 'figure', 'of', 'before', 'after', 'change'], ...changes.map(cells)];
  return `${verdict}\nbefore: ${before}\nafter:  ${after}\n\n${aligned(rows)}\n`;
}

function cells(change: ProfileChange): string[] {
  const { what, subject, before, after, isWorse, isBetter } = change;
  const mark = isWorse ? 'worse' : isBetter ? 'better' : '';
  return [mark, LABELS[what], oneLine(subject), shown(what, before), shown(what, after), difference(change)];
}

function difference({ what, change, before, after }: ProfileChange): string {
  if (before === null || after === null) return before === null && after !== null ? 'new' : NOTHING;
  if (change === null) return NOTHING;
  const sign = change < 0 ? '−' : '+';
  const size = (Math.abs(change) * 100).toFixed(1);
  return what === 'busy-share' ? `${sign}${size} points` : `${sign}${size} %`;
}

function shown(what: ProfileChange['what'], value: number | null): string {
  if (value === null) return NOTHING;
  switch (what) {
    case 'micros-per-event':
      return `${asNumber(value)} µs`;
    case 'bytes-per-event':
      return asBytes(value);
    case 'throughput':
      return `${asCount(value)} /s`;
    case 'busy-share':
      return asShare(value);
  }
}

/** A name cannot break its line or drive the terminal. */
function oneLine(text: string): string {
  return text.replace(/\p{C}/gu, '\uFFFD');
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
