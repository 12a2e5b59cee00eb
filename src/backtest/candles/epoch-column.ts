import { EPOCH_GAP_YEARS, PLAUSIBLE_YEARS } from '../limits.js';

/** Units of numeric times. `excel-day`: days since 1899-12-30, as Excel counts them (its 1904 system is not known). */
export type TimeUnit = 'excel-day' | 's' | 'ms' | 'us' | 'ns';

/** How numbers are read as times. */
export interface EpochOptions {
  /** Unit of the numbers. Left out: the one in which the whole column lies in plausible years. */
  readonly timeUnit?: TimeUnit;
  /**
   * First and last plausible year of numeric times. Default 1970 to 2100, but a unit that is not given is not taken to
   * be one in which the whole column lies in 1970, where small numbers of any kind do.
   */
  readonly years?: readonly [first: number, last: number];
}

/** A row whose time does not fit; `line` is where it stands in the file. */
export interface EpochFault {
  readonly row: number;
  readonly fault: string;
}

interface Unit {
  readonly name: string;
  readonly toMs: (value: number) => number;
}

const DAY_MS = 86_400_000;
const YEAR_MS = 365.25 * DAY_MS;
const EXCEL_EPOCH_DAYS = 25_569;

/** From coarse to fine: the coarsest that fits is meant, because in a finer one every number lies in early 1970. */
const UNITS: Readonly<Record<TimeUnit, Unit>> = {
  'excel-day': {
    name: 'Excel day numbers',
    toMs: (value) => Math.round((value - EXCEL_EPOCH_DAYS) * DAY_MS),
  },
  s: { name: 'seconds', toMs: (value) => Math.round(value * 1000) },
  ms: { name: 'milliseconds', toMs: Math.round },
  // Down to the millisecond that it lies in: a close of …59.999999 is not of the next minute. Numbers of nanoseconds
  // are exact to 256 of them.
  us: { name: 'microseconds', toMs: (value) => Math.floor(value / 1e3) },
  ns: { name: 'nanoseconds', toMs: (value) => Math.floor(value / 1e6 + 0.0005) },
};

/** A year like 2024 is half an hour after 1970 in seconds, and seconds of 2200 are March 1970 in milliseconds. */
const SURE_YEARS: readonly [number, number] = [PLAUSIBLE_YEARS[0] + 1, PLAUSIBLE_YEARS[1]];

/** The units of numeric times, by their names in `timeUnit`. */
export const TIME_UNITS = Object.keys(UNITS) as readonly TimeUnit[];

/**
 * Turns a column of epoch numbers into milliseconds. The unit is that of the whole column: the coarsest in which its
 * largest number lies in the plausible years. The others must lie there as well, without a gap that no market has, as
 * between 2024 in milliseconds and 2025 in microseconds.
 *
 * @returns milliseconds and their unit, or the first row that does not fit the unit of the rows before it.
 */
export function readEpochColumn(
  values: readonly number[],
  options: EpochOptions,
): { readonly times: readonly number[]; readonly unit: TimeUnit } | EpochFault {
  const { timeUnit, years = PLAUSIBLE_YEARS } = options;
  const guessed = options.years ?? SURE_YEARS;
  const unitOf = (value: number) => timeUnit ?? TIME_UNITS.find((unit) => isPlausible(value, unit, guessed));
  const largest = unitOf(values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY));
  if (largest !== undefined && misfitIn(values, largest, years) === undefined)
    return { times: values.map(UNITS[largest].toMs), unit: largest };
  const [first = 0] = values;
  const unit = unitOf(first);
  if (unit === undefined || !isPlausible(first, unit, years))
    return { row: 0, fault: noUnit(first, timeUnit, timeUnit === undefined ? guessed : years) };
  const row = misfitIn(values, unit, years) ?? 0;
  return { row, fault: misfitFault(values, row, unit, years) };
}

/** The first row that is not of the unit, or undefined. */
function misfitIn(
  values: readonly number[],
  unit: TimeUnit,
  years: readonly [number, number],
): number | undefined {
  const { toMs } = UNITS[unit];
  const row = values.findIndex((value, index) => {
    const before = values[index - 1];
    if (!isPlausible(value, unit, years)) return true;
    return before !== undefined && Math.abs(toMs(value) - toMs(before)) > EPOCH_GAP_YEARS * YEAR_MS;
  });
  return row < 0 ? undefined : row;
}

function isPlausible(value: number, unit: TimeUnit, [first, last]: readonly [number, number]): boolean {
  const time = UNITS[unit].toMs(value);
  return time >= startOf(first) && time < startOf(last + 1);
}

function startOf(year: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, 0, 1);
  return date.getTime();
}

function noUnit(
  value: number,
  timeUnit: TimeUnit | undefined,
  [first, last]: readonly [number, number],
): string {
  const units = timeUnit === undefined ? TIME_UNITS : [timeUnit];
  const names = units.map((unit) => UNITS[unit].name).join(', ');
  return `'${value}' is not a date from ${first} to ${last} in any of: ${names}. Options timeUnit and years say what it is`;
}

function misfitFault(
  values: readonly number[],
  row: number,
  unit: TimeUnit,
  years: readonly [number, number],
): string {
  const value = values[row] as number;
  const other = TIME_UNITS.find((candidate) => candidate !== unit && isPlausible(value, candidate, years));
  const found = isPlausible(value, unit, years)
    ? `${dayOf(value, unit)}, more than ${EPOCH_GAP_YEARS} years from the row before it`
    : `not a date from ${years[0]} to ${years[1]}`;
  const hint = other ? `; in ${UNITS[other].name} it is ${dayOf(value, other)}` : '';
  return `'${value}' in ${UNITS[unit].name}, the unit of the rows before it (${dayOf(values[Math.max(0, row - 1)] as number, unit)}), is ${found}${hint}. A column has one unit`;
}

function dayOf(value: number, unit: TimeUnit): string {
  return new Date(UNITS[unit].toMs(value)).toISOString().slice(0, 10);
}
