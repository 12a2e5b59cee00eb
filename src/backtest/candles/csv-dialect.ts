/** What separates cells, and which character is the decimal mark. */
export interface Dialect {
  readonly delimiter: string;
  readonly decimalComma: boolean;
  /** Lines before the header that belong to the dialect, not to the data: Excel's `sep=;`. */
  readonly skippedLines: number;
}

const DELIMITERS = [',', ';', '\t', '|'];
const EXCEL_HINT = /^\uFEFF?sep=(.)\r?\n/i;

/** A digit, a comma and digits with nothing after them that would make the comma one between thousands. */
const DECIMAL_COMMA = /^[^,]*\d,\d+$/;
const THOUSANDS = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/;

/**
 * The dialect of a text, once for the whole file: the separator that its header has most of, and a decimal comma where
 * cells are not separated by commas and some cell can only be read with one.
 */
export function dialectOf(text: string): Dialect {
  const hint = EXCEL_HINT.exec(text);
  const start = hint?.[0].length ?? 0;
  const delimiter = hint?.[1] ?? delimiterIn(headerIn(text, start));
  return {
    delimiter,
    decimalComma: delimiter !== ',' && hasDecimalComma(text, delimiter),
    skippedLines: hint ? 1 : 0,
  };
}

function headerIn(text: string, start: number): string {
  const [line = ''] = /[^\r\n]+/.exec(text.slice(start, start + 65_536)) ?? [];
  return line;
}

/** The comma in a tie: it is what the name of the format says. */
function delimiterIn(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  const count = (delimiter: string) => bare.split(delimiter).length;
  return DELIMITERS.reduce((best, next) => (count(next) > count(best) ? next : best));
}

/** `1,5` has one for sure; of `1,234` another cell must tell, and where none does, files with semicolons have it. */
function hasDecimalComma(text: string, delimiter: string): boolean {
  let undecided = false;
  for (const [match] of text.matchAll(/[^\r\n;\t|]*,[^\r\n;\t|]*/g)) {
    const cell = match.trim().replace(/^"|"$/g, '');
    if (THOUSANDS.test(cell)) {
      if (cell.includes('.') || cell.split(',').length > 2) return false;
      undecided = true;
    } else if (DECIMAL_COMMA.test(cell) && !/[a-z:]/i.test(cell)) return true;
  }
  return undecided && delimiter === ';';
}

/** A number as programs and spreadsheets write it, after its marks are made those of a program. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** With something between thousands: spaces as typesetters use them, the apostrophe of the Swiss, or the other mark. */
const GROUPED_POINT = /^[+-]?\d{1,3}([,' \u00A0\u202F\u2019])\d{3}(?:\1\d{3})*(?:\.\d*)?$/;
const GROUPED_COMMA = /^[+-]?\d{1,3}([.' \u00A0\u202F\u2019])\d{3}(?:\1\d{3})*(?:,\d*)?$/;

/** The number in a cell, or undefined. `Number` alone would also take '', '0x10' and ' 1 '. */
export function numberIn(cell: string, { decimalComma }: Dialect): number | undefined {
  if (!decimalComma && NUMBER.test(cell)) return Number(cell);
  const [, group] = (decimalComma ? GROUPED_COMMA : GROUPED_POINT).exec(cell) ?? [];
  const joined = group === undefined ? cell : cell.replaceAll(group, '');
  // A point that is left is neither a decimal mark nor between thousands.
  if (decimalComma && joined.includes('.')) return undefined;
  const plain = decimalComma ? joined.replace(',', '.') : joined;
  return NUMBER.test(plain) ? Number(plain) : undefined;
}
