const DAY_MS = 86_400_000;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const COMPACT = /^(?:19|20)\d{6}$/;
const EPOCH = /^-?\d+(?:\.\d+)?$/;
const ISO =
  /^(\d{4})[-/](\d{2})[-/](\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i;
const MONTH_FIRST = /^([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})$/;

/** Epoch numbers below this are seconds (up to the year 5138), those from it on milliseconds (from 1973). */
const SECONDS_BELOW = 1e11;

/** The forms that {@link parseTime} knows, for error messages. */
export const TIME_FORMS =
  "2020-04-17, 2020-04-17T09:30:00Z, 20200417, 'Apr 17 2020', or epoch seconds or milliseconds";

/**
 * Reads a date or time as Unix epoch milliseconds; undefined when it is none of the known forms or no real day.
 * Text without an offset is UTC. The zone and language of the machine play no part, unlike in `Date.parse`,
 * which would move every candle of a file by hours from one computer to the next.
 */
export function parseTime(cell: string): number | undefined {
  if (COMPACT.test(cell)) return dayOf(+cell.slice(0, 4), +cell.slice(4, 6), +cell.slice(6));
  if (EPOCH.test(cell)) return epochOf(Number(cell));
  const month = MONTH_FIRST.exec(cell);
  if (month) return monthFirst(month);
  const iso = ISO.exec(cell);
  return iso ? isoTime(iso) : undefined;
}

function epochOf(value: number): number | undefined {
  const time = Math.round(Math.abs(value) < SECONDS_BELOW ? value * 1000 : value);
  return Math.abs(time) <= 1e8 * DAY_MS ? time : undefined;
}

function monthFirst([, name = '', day = '', year = '']: readonly string[]): number | undefined {
  const wanted = name.toLowerCase();
  const index = MONTHS.indexOf(wanted.slice(0, 3));
  if (index < 0 || !isMonthName(wanted, index)) return undefined;
  return dayOf(+year, index + 1, +day);
}

function isMonthName(name: string, index: number): boolean {
  const full = ['uary', 'ruary', 'ch', 'il', '', 'e', 'y', 'ust', 'tember', 'ober', 'ember', 'ember'];
  const rest = name.slice(3);
  return rest === '' || rest === full[index] || name === 'sept';
}

function isoTime(match: readonly (string | undefined)[]): number | undefined {
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', tail = '', zone = ''] =
    match;
  const midnight = dayOf(+year, +month, +day);
  const offset = offsetMs(zone);
  if (midnight === undefined || offset === undefined) return undefined;
  if (+hour > 23 || +minute > 59 || +second > 59) return undefined;
  const milliseconds = +tail.slice(0, 3).padEnd(3, '0');
  return midnight + ((+hour * 60 + +minute) * 60 + +second) * 1000 + milliseconds - offset;
}

function offsetMs(zone: string): number | undefined {
  if (!/^[+-]/.test(zone)) return 0;
  const digits = zone.replace(/\D/g, '');
  const hours = +digits.slice(0, 2);
  const minutes = +digits.slice(2);
  if (hours > 14 || minutes > 59) return undefined;
  return (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** Midnight UTC of a day; undefined for the 31st of February, which Date.UTC would turn into March. */
function dayOf(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  // setUTCFullYear, because Date.UTC reads the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  const same =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return same ? date.getTime() : undefined;
}
