import { orderFault } from './candle-rows.js';
import type { Dialect } from './csv-dialect.js';
import { isClock, joinedTime, parseTime, TIME_FORMS } from './dates.js';
import { type EpochOptions, readEpochColumn } from './epoch-column.js';

/** What is wrong with a row's time, counted from 0. */
export interface TimeFault {
  readonly row: number;
  readonly fault: string;
}

/** `number`: epoch numbers, whose unit the whole column tells. `joined`: a day, and the time of day in another cell. */
type Form = 'text' | 'number' | 'joined';

const FORM_NAMES: Readonly<Record<Form, string>> = {
  text: 'written dates',
  number: 'epoch numbers',
  joined: 'days with the time of day in a column of its own',
};

const NUMBER = /^-?\d+(?:\.\d+)?$/;
const NUMBER_WITH_COMMA = /^-?\d+(?:,\d+)?$/;
const DAY_OF_8_DIGITS = /^(?:19|20)\d{6}$/;
/** Digits with a clock in them, such as 20200417093005, which would also be microseconds of 1970. */
const LONG_COMPACT = /^(?:19|20)\d{10}(?:\d{2}(?:\d{3})?)?$/;

/** The times of a file, cell by cell. Its form is that of the first cell; the numbers' unit is decided at the end. */
export class TimeColumn {
  readonly #values: number[] = [];
  readonly #options: EpochOptions;
  readonly #dialect: Dialect;
  readonly #shown: (cell: string) => string;
  #form: Form | undefined;

  constructor(options: EpochOptions, dialect: Dialect, shown: (cell: string) => string) {
    this.#options = options;
    this.#dialect = dialect;
    this.#shown = shown;
  }

  /** @param clock cell of the column with the time of day; undefined when there is none. @returns what is wrong. */
  take(cell: string, clock: string | undefined): string | undefined {
    const form = this.#formOf(cell, clock);
    this.#form ??= form;
    if (form !== this.#form) {
      return `${this.#shown(cell)} is not a date like those before it, which are ${FORM_NAMES[this.#form]}`;
    }
    const value =
      form === 'number'
        ? Number(cell.replace(',', '.'))
        : form === 'joined'
          ? joinedTime(cell, clock ?? '')
          : parseTime(cell);
    if (value === undefined) {
      const shown =
        form === 'joined' ? `${this.#shown(cell)} with ${this.#shown(clock ?? '')}` : this.#shown(cell);
      return `${shown} is not a date. Known forms: ${TIME_FORMS}`;
    }
    this.#values.push(value);
    return undefined;
  }

  /**
   * Milliseconds that rise, and whether the rows went from new to old all the way and have to be turned round. Two
   * rows that fall are a mistake; from three on it is an order.
   */
  finish(): { readonly times: readonly number[]; readonly reversed: boolean } | TimeFault {
    const times = this.#form === 'number' ? readEpochColumn(this.#values, this.#options) : this.#values;
    if ('fault' in times) return times;
    const reversed =
      times.length > 2 && times.every((time, row) => row === 0 || time < (times[row - 1] as number));
    if (reversed) return { times: [...times].reverse(), reversed };
    for (let row = 1; row < times.length; row++) {
      const fault = orderFault(times[row - 1] as number, times[row] as number);
      if (fault) return { row, fault };
    }
    return { times, reversed };
  }

  #formOf(cell: string, clock: string | undefined): Form {
    if (clock !== undefined && clock !== '' && isClock(clock)) return 'joined';
    const isNumber = NUMBER.test(cell) || (this.#dialect.decimalComma && NUMBER_WITH_COMMA.test(cell));
    if (!isNumber) return 'text';
    if (this.#options.timeUnit !== undefined || this.#form === 'number') return 'number';
    if (DAY_OF_8_DIGITS.test(cell)) return 'text';
    return LONG_COMPACT.test(cell) && parseTime(cell) !== undefined ? 'text' : 'number';
  }
}
