const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const FULL = ['uary', 'ruary', 'ch', 'il', '', 'e', 'y', 'ust', 'tember', 'ober', 'ember', 'ember'];

/** 20200417, 202004170930, 20200417093005 and with milliseconds. A number of 8 digits is a day, never seconds of 1970. */
const COMPACT = /^((?:19|20)\d{2})(\d{2})(\d{2})(?:(\d{2})(\d{2})(?:(\d{2})(\d{3})?)?)?$/;
const YEAR_FIRST = /^(\d{4})([-/.])(\d{2})\2(\d{2})(.*)$/;
const DAY_FIRST = /^(\d{1,2})\.(\d{1,2})\.(\d{4})(.*)$/;
const MONTH_NAMED = /^([A-Za-z]{3,9})[. -]{1,2}(\d{1,2}),?[ -](\d{4})$/;
const DAY_NAMED = /^(\d{1,2})[. -]{1,2}([A-Za-z]{3,9})[. -]{1,2}(\d{4})$/;
const CLOCK =
  /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?)?$/i;
const COMPACT_CLOCK = /^(\d{2})(\d{2})(\d{2})?$/;

/** The forms that {@link parseTime} knows, for error messages. */
export const TIME_FORMS =
  "2020-04-17, 2020-04-17T09:30:00Z, 2020-04-17 09:30+01, 17.04.2020, 20200417, 'Apr 17 2020', and epoch numbers";

/**
 * Reads a written date or time as Unix epoch milliseconds; undefined when it is none of the known forms or no real day.
 * Text without an offset is UTC. The zone and language of the machine play no part, unlike in `Date.parse`,
 * which would move every candle of a file by hours from one computer to the next. Epoch numbers are read by
 * `readEpochColumn`, because only a whole column tells their unit.
 */
export function parseTime(cell: string): number | undefined {
  const compact = COMPACT.exec(cell);
  if (compact) return compactTime(compact);
  const iso = YEAR_FIRST.exec(cell);
  if (iso) return dayAndClock(dayOf(iso[1], iso[3], iso[4]), iso[5] ?? '');
  const dotted = DAY_FIRST.exec(cell);
  if (dotted) return dayAndClock(dayOf(dotted[3], dotted[2], dotted[1]), dotted[4] ?? '');
  const [, month = '', day = '', year = ''] = MONTH_NAMED.exec(cell) ?? [];
  if (month !== '') return dayOf(year, monthOf(month), day);
  const named = DAY_NAMED.exec(cell);
  return named ? dayOf(named[3], monthOf(named[2] ?? ''), named[1]) : undefined;
}

/** Whether a cell is a time of day and no date: `09:30`, `09:30:00.5+01`, and `093000` beside a day. */
export function isClock(cell: string): boolean {
  return CLOCK.test(cell) || COMPACT_CLOCK.test(cell);
}

/** A day and a time of day in two cells; undefined when one is not, or when the day has a time of its own. */
export function joinedTime(day: string, clock: string): number | undefined {
  const midnight = parseTime(day);
  if (midnight === undefined || midnight % 86_400_000 !== 0) return undefined;
  const [, hour, minute, second = '00'] = COMPACT_CLOCK.exec(clock) ?? [];
  return dayAndClock(midnight, ` ${hour === undefined ? clock : `${hour}:${minute}:${second}`}`);
}

function compactTime([, year, month, day, hour, minute, second, milliseconds]: readonly (
  | string
  | undefined
)[]) {
  return withClock(dayOf(year, month, day), [hour, minute, second, milliseconds, '']);
}

/** @param rest what stands behind the day: nothing, or a T or a space and a time of day. */
function dayAndClock(midnight: number | undefined, rest: string): number | undefined {
  if (rest === '') return midnight;
  const [, ...clock] = CLOCK.exec(/^[T ]/i.test(rest) ? rest.slice(1) : '') ?? [];
  return clock.length === 0 ? undefined : withClock(midnight, clock);
}

function withClock(
  midnight: number | undefined,
  [hour = '0', minute = '0', second = '0', tail = '', zone = '']: readonly (string | undefined)[],
): number | undefined {
  const offset = offsetMs(zone);
  if (midnight === undefined || offset === undefined) return undefined;
  if (+hour > 23 || +minute > 59 || +second > 59) return undefined;
  const milliseconds = +tail.slice(0, 3).padEnd(3, '0');
  return midnight + ((+hour * 60 + +minute) * 60 + +second) * 1000 + milliseconds - offset;
}

function offsetMs(zone: string): number | undefined {
  const [, sign, digits = ''] = /([+-])([\d:]+)$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  const hours = +digits.slice(0, 2);
  const minutes = +digits.slice(2).replace(':', '');
  if (hours > 14 || minutes > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** 1 to 12, or 0 for what is no English name of a month. */
function monthOf(name: string): number {
  const wanted = name.toLowerCase();
  const index = MONTHS.indexOf(wanted.slice(0, 3));
  const rest = wanted.slice(3);
  return rest === '' || rest === FULL[index] || wanted === 'sept' ? index + 1 : 0;
}

/** Midnight UTC of a day; undefined for the 31st of February, which Date.UTC would turn into March. */
function dayOf(year = '', month: string | number = '', day = ''): number | undefined {
  const date = new Date(0);
  // setUTCFullYear, because Date.UTC reads the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(+year, +month - 1, +day);
  const same =
    date.getUTCFullYear() === +year && date.getUTCMonth() === +month - 1 && date.getUTCDate() === +day;
  return same ? date.getTime() : undefined;
}
