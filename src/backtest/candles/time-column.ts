import type { Dialect } from './csv-dialect.js';
import { isClock, joinedTime, parseTime, TIME_FORMS } from './dates.js';
import { type EpochOptions, readEpochColumn, type TimeUnit } from './epoch-column.js';
import type { Zone } from './zone.js';

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

/** A written time that says its offset itself; the minus between year and month is none. */
const OWN_OFFSET = /:\d{2}.*(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$/i;

/** The times of a file, cell by cell. Its form is that of the first cell; the numbers' unit is decided at the end. */
export class TimeColumn {
  readonly #values: number[] = [];
  readonly #options: EpochOptions;
  readonly #zone: Zone;
  readonly #dialect: Dialect;
  readonly #shown: (cell: string) => string;
  #form: Form | undefined;

  /** @param zone that of written times without an offset. */
  constructor(options: EpochOptions, zone: Zone, dialect: Dialect, shown: (cell: string) => string) {
    this.#options = options;
    this.#zone = zone;
    this.#dialect = dialect;
    this.#shown = shown;
  }

  /** @param clock cell of the column with the time of day; undefined when there is none. @returns what is wrong. */
  take(cell: string, clock: string | undefined): string | undefined {
    const form = this.#formOf(cell, clock);
    if (form !== (this.#form ?? form)) {
      return `${this.#shown(cell)} is not a date like those before it, which are ${FORM_NAMES[this.#form ?? form]}`;
    }
    const shown =
      form === 'joined' ? `${this.#shown(cell)} with ${this.#shown(clock ?? '')}` : this.#shown(cell);
    const value =
      form === 'number'
        ? Number(cell.replace(',', '.'))
        : form === 'joined'
          ? joinedTime(cell, clock ?? '')
          : parseTime(cell);
    if (value === undefined) return `${shown} is not a date. Known forms: ${TIME_FORMS}`;
    const isLocal = form !== 'number' && !OWN_OFFSET.test(form === 'joined' ? (clock ?? '') : cell);
    const time = isLocal ? this.#zone.toUtc(value, this.#values.at(-1)) : value;
    if (time === undefined) return `${shown} is a time that the clocks of ${this.#zone.name} skipped`;
    this.#form ??= form;
    this.#values.push(time);
    return undefined;
  }

  /** Milliseconds in the order of the rows, and what the cells were: their unit, or `written`. */
  finish(): { readonly times: readonly number[]; readonly unit: TimeUnit | 'written' } | TimeFault {
    if (this.#form !== 'number') return { times: this.#values, unit: 'written' };
    return readEpochColumn(this.#values, this.#options);
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
