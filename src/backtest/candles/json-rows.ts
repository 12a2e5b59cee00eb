import { InputError } from '../../faces/errors.js';
import { JSON_SEARCH_DEPTH } from './limits.js';

type Take = (record: readonly string[], at: number) => void;
type Fields = Readonly<Record<string, unknown>>;

/** Columns of providers that send one array for each of them. */
const COLUMN_NAMES = [
  'timestamp',
  'time',
  't',
  'open',
  'o',
  'high',
  'h',
  'low',
  'l',
  'close',
  'c',
  'volume',
  'v',
  'funding_rate',
  'fundingRate',
  'funding',
];

/**
 * The rows of a JSON document, wherever they are in it: a list of lists or of objects, or an object of columns. Of
 * objects the first row handed out is their names. Rows count from 1.
 *
 * @throws InputError when it is no JSON, or has no rows.
 */
export function jsonRows(text: string, name: string, take: Take): void {
  const rows = rowsIn(parsed(text, name), 0);
  if (!rows) {
    throw new InputError(
      `${name} is JSON, but no list of candles is in it. Pass lists such as [[time, open, high, low, close, volume]], or objects with these names.`,
    );
  }
  const reader = new JsonRows(name, take, 'row');
  for (const [index, row] of rows.entries()) reader.take(row, index + 1);
}

/** As {@link jsonRows}, of a text with one value a line. What is received from a stream may be wrapped, or be of other things. */
export function jsonLines(text: string, name: string, take: Take): void {
  const reader = new JsonRows(name, take, 'line');
  let at = 0;
  for (const [line] of text.matchAll(/[^\n]*\n|[^\n]+$/g)) {
    at++;
    const value = line.replace(/^\uFEFF?\s*(?:\d+\s+(?=\{))?/, '').trim();
    if (value === '') continue;
    const row = unwrapped(parsed(value, `${name}, line ${at}`));
    if (row !== undefined) reader.take(row, at);
  }
}

/** Turns values into cells; the fields of objects by the names of the first. */
class JsonRows {
  readonly #name: string;
  readonly #take: Take;
  readonly #unit: string;
  #names: readonly string[] | undefined;

  constructor(name: string, take: Take, unit: string) {
    this.#name = name;
    this.#take = take;
    this.#unit = unit;
  }

  take(row: unknown, at: number): void {
    if (Array.isArray(row)) {
      this.#take(row.map(cellOf), at);
      return;
    }
    if (typeof row !== 'object' || row === null) {
      throw new InputError(
        `${this.#name}, ${this.#unit} ${at}: not a list or an object, but ${cellOf(row)}.`,
        {
          details: { line: at },
        },
      );
    }
    const fields = row as Fields;
    if (!this.#names) {
      this.#names = Object.keys(fields);
      this.#take(this.#names, at);
    }
    const own = (name: string) => (Object.hasOwn(fields, name) ? fields[name] : undefined);
    this.#take(
      this.#names.map((name) => cellOf(own(name))),
      at,
    );
  }
}

function cellOf(value: unknown): string {
  if (value === null) return 'null';
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : '';
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const why = (error as Error).message.slice(0, 200).replace(/\p{C}/gu, '\uFFFD');
    throw new InputError(`${name}: not well-formed JSON: ${why}.`, { cause: error });
  }
}

/** The first list of rows in a document, the outer before the inner. */
function rowsIn(value: unknown, depth: number): readonly unknown[] | undefined {
  if (depth > JSON_SEARCH_DEPTH || typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) {
    const [first] = value;
    if (value.length === 0 || (Array.isArray(first) && first.length > 1)) return value;
    if (typeof first === 'object' && first !== null && !Array.isArray(first) && Object.keys(first).length > 3)
      return value;
  }
  const fields = value as Fields;
  const columns = columnsIn(fields);
  if (columns) return columns;
  const inner = Object.values(fields).map((field) => rowsIn(field, depth + 1));
  return (
    inner.find((rows) => rows !== undefined && rows.length > 0) ?? inner.find((rows) => rows !== undefined)
  );
}

/** Rows of an object of columns, such as TradingView's `{t, o, h, l, c, v}` or Yahoo's with the prices further in. */
function columnsIn(fields: Fields): readonly Fields[] | undefined {
  const prices = firstQuote(fields) ?? fields;
  const columns = Object.entries({ ...fields, ...prices }).filter(
    (entry): entry is [string, unknown[]] => COLUMN_NAMES.includes(entry[0]) && Array.isArray(entry[1]),
  );
  const [, first] = columns[0] ?? [];
  const hasPrices = ['open', 'high', 'low', 'close'].every((price) =>
    columns.some(([name]) => name === price || name === price.charAt(0)),
  );
  if (!first || !hasPrices || columns.some(([, values]) => values.length !== first.length)) return undefined;
  return first.map((_, row) => Object.fromEntries(columns.map(([name, values]) => [name, values[row]])));
}

function firstQuote({ indicators }: Fields): Fields | undefined {
  const quote = (indicators as { quote?: unknown } | undefined)?.quote;
  return Array.isArray(quote) && typeof quote[0] === 'object' ? (quote[0] as Fields) : undefined;
}

/** Names of a price, one of which a message about candles or trades has. Quotes and order books have none. */
const PRICES = ['p', 'price', 'o', 'open', 'opening_price', 'trade_price'];

/**
 * What a message of a stream is about: its `data`, and of a candle's message the candle, once it is closed. Undefined for
 * messages of other things.
 */
function unwrapped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { data, e, k } = value as Fields;
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return unwrapped(data);
  if (e === 'kline') return closedCandle((k ?? {}) as Fields);
  const isOther = e !== undefined && e !== 'trade' && e !== 'aggTrade';
  return isOther || !PRICES.some((name) => Object.hasOwn(value, name)) ? undefined : value;
}

/** Beside `t`, the start, a candle of Binance has `T`, its end; names are compared without case. */
function closedCandle({ t, o, h, l, c, v, x }: Fields): Fields | undefined {
  return x === true ? { t, o, h, l, c, v } : undefined;
}
