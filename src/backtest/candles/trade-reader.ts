import { InputError } from '../../faces/errors.js';
import { numberIn } from './csv-dialect.js';
import { REPORTED_FAULTS } from './limits.js';
import type { CandleOptions } from './options.js';
import type { Records } from './records.js';
import type { RowFault, SourceReport } from './report.js';
import { shown } from './shown.js';
import { TimeColumn } from './time-column.js';
import type { Trades } from './trades.js';
import { Zone } from './zone.js';

/** Where the columns of trades are; -1 for one that is missing. */
interface TradeLayout {
  readonly time: number;
  readonly price: number;
  readonly quantity: number;
  readonly id: number;
  readonly maker: number;
}

/** The trades of one text in its order, and what was found on the way. */
export interface ReadTrades {
  readonly trades: readonly TradeRow[];
  readonly source: Omit<SourceReport, 'name' | 'packed'>;
  readonly badRows: number;
  readonly faults: readonly RowFault[];
}

export interface TradeRow {
  readonly time: number;
  readonly price: number;
  readonly quantity: number;
  /** NaN when it has none. */
  readonly id: number;
  readonly maker: number;
}

/** Binance's messages have names of one letter, of which `t` is the number of a trade and `T` its time. */
const NAMES: Readonly<Record<keyof TradeLayout, readonly string[]>> = {
  time: ['T', 'timestamp', 'trade_time', 'transact_time', 'time', 'date', 'datetime'],
  price: ['p', 'price', 'trade_price'],
  quantity: ['q', 'qty', 'quantity', 'size', 'amount', 'volume', 'trade_volume'],
  id: ['t', 'a', 'id', 'trade_id', 'agg_trade_id', 'sequential_id'],
  maker: ['m', 'isBuyerMaker', 'is_buyer_maker'],
};

/** Where trades have their columns; undefined when the names are not those of trades. */
export function tradeLayout(names: readonly string[]): TradeLayout | undefined {
  const lower = names.map((name) => name.toLowerCase());
  if (['open', 'high', 'o', 'h'].some((name) => lower.includes(name))) return undefined;
  const at = (wanted: readonly string[]) => {
    const name = wanted.find((candidate) => names.includes(candidate));
    return name === undefined
      ? lower.findIndex((candidate) => candidate.length > 1 && wanted.includes(candidate))
      : names.indexOf(name);
  };
  const layout = {
    time: at(NAMES.time),
    price: at(NAMES.price),
    quantity: at(NAMES.quantity),
    id: at(NAMES.id),
    maker: at(NAMES.maker),
  };
  return layout.time < 0 || layout.price < 0 || layout.quantity < 0 ? undefined : layout;
}

/** Turns rows of cells into trades, and names the line of whatever is wrong. */
export class TradeReader {
  readonly #name: string;
  readonly #records: Records;
  readonly #options: CandleOptions;
  readonly #rows: Omit<TradeRow, 'time'>[] = [];
  readonly #places: number[] = [];
  readonly #faults: RowFault[] = [];
  readonly #times: TimeColumn;
  readonly #layout: TradeLayout;
  readonly #names: string;
  #badRows = 0;

  constructor(
    name: string,
    records: Records,
    options: CandleOptions,
    layout: TradeLayout,
    names: readonly string[],
  ) {
    this.#name = name;
    this.#records = records;
    this.#options = options;
    this.#layout = layout;
    this.#names = names.join();
    this.#times = new TimeColumn(options, new Zone(options.zone ?? 'UTC'), records.dialect, shown);
  }

  /** @throws InputError that names the line of the first fault, unless faults are skipped. */
  take(record: readonly string[], at: number): void {
    if (record.join() === this.#names) return;
    const fault = this.#keep(record, at);
    if (fault === undefined) return;
    if (this.#options.faults !== 'skip') throw this.#error(at, fault);
    this.#badRows++;
    if (this.#faults.length < REPORTED_FAULTS) this.#faults.push({ source: this.#name, at, fault });
  }

  finish(): ReadTrades {
    const read = this.#times.finish();
    if ('fault' in read) throw this.#error(this.#places[read.row] ?? 1, read.fault);
    const { kind, dialect } = this.#records;
    return {
      trades: this.#rows.map((row, index) => ({ ...row, time: read.times[index] as number })),
      source: {
        kind,
        format: 'trades',
        ...(kind === 'csv' && { separator: dialect.delimiter }),
        rows: this.#rows.length,
        times: read.unit,
        zone: this.#options.zone ?? 'UTC',
        stamps: 'open',
        newestFirst: false,
      },
      badRows: this.#badRows,
      faults: this.#faults,
    };
  }

  /** @returns what is wrong. */
  #keep(record: readonly string[], at: number): string | undefined {
    const { time, price: priceAt, quantity: quantityAt, id, maker } = this.#layout;
    const read = (column: number) => numberIn(record[column] ?? '', this.#records.dialect);
    const price = read(priceAt);
    const quantity = read(quantityAt);
    if (price === undefined || !(price > 0 && price < Number.POSITIVE_INFINITY))
      return `the price is ${shown(record[priceAt] ?? '')}; it must be a number above 0`;
    if (quantity === undefined || !(quantity >= 0 && quantity < Number.POSITIVE_INFINITY))
      return `the quantity is ${shown(record[quantityAt] ?? '')}; it must be a number from 0 up`;
    const fault = this.#times.take(record[time] ?? '', undefined);
    if (fault !== undefined) return fault;
    const side = ['false', 'true'].indexOf((record[maker] ?? '').toLowerCase());
    this.#rows.push({ price, quantity, id: read(id) ?? Number.NaN, maker: side < 0 ? 2 : side });
    this.#places.push(at);
    return undefined;
  }

  #error(at: number, fault: string): InputError {
    return new InputError(`${this.#name}, ${this.#records.unit} ${at}: ${fault}.`, { details: { line: at } });
  }
}

/** Trades of several texts as columns, by time and number; what was received twice counts once. */
export function tradeColumns(rows: readonly TradeRow[]): {
  readonly trades: Trades;
  readonly duplicates: number;
  readonly disordered: number;
} {
  let latest = Number.NEGATIVE_INFINITY;
  let disordered = 0;
  for (const { time } of rows) {
    if (time < latest) disordered++;
    latest = Math.max(latest, time);
  }
  const sorted = [...rows].sort((a, b) => a.time - b.time || a.id - b.id || 0);
  const single = sorted.filter(({ time, id }, index) => {
    const before = sorted[index - 1];
    return before === undefined || before.time !== time || before.id !== id;
  });
  const trades: Trades = {
    length: single.length,
    time: Float64Array.from(single, ({ time }) => time),
    price: Float64Array.from(single, ({ price }) => price),
    quantity: Float64Array.from(single, ({ quantity }) => quantity),
    buyerIsMaker: Uint8Array.from(single, ({ maker }) => maker),
  };
  return { trades, duplicates: rows.length - single.length, disordered };
}
