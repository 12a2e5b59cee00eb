import { visible } from '../kernel/visible.js';

/**
 * Rows as aligned text, two spaces between columns, each row on one line whatever its cells hold. Columns whose heading
 * begins with `<` are left-aligned.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const left = headings.map((heading) => heading.startsWith('<'));
  const lines = [
    headings.map((heading) => heading.replace(/^</, '')),
    ...rows.map((row) => row.map(visible)),
  ];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      widths
        .map((width, column) => pad(line[column] ?? '', width, left[column] === true))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function pad(text: string, width: number, left: boolean): string {
  return left ? text.padEnd(width) : text.padStart(width);
}

/** 1234567 as `1,234,567`, whatever the language of the machine. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** 0.0538 as `5.4 %`; null as `n/a`. */
export function percentage(value: number | null): string {
  return value === null ? 'n/a' : `${(value * 100).toFixed(1)} %`;
}

/** Two decimals; null as `n/a`. */
export function decimals(value: number | null): string {
  return value === null ? 'n/a' : value.toFixed(2);
}
