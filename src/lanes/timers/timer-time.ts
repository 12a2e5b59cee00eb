import { types } from 'node:util';
import { timeOf } from '../../events/plain-data.js';
import { shown } from '../../kernel/thrown.js';
import { InvalidTimerError } from '../../kernel/timer-errors.js';

/** A length of time as a text: `90s`, `15m`, `1h`, `7d`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/**
 * When a timer fires: a Date, Unix epoch milliseconds, or `{ in }`, milliseconds or a length of time from `ctx.now()` on.
 * What is past fires at once.
 */
export type TimerTime = Date | number | { readonly in: number | Duration };

/** Options of `ctx.schedule`. */
export interface ScheduleOptions {
  /** Which timer of the key it is: another one of the name is replaced. 1 to 1,024 bytes. Default: the event's type. */
  readonly name?: string;
}

/** The first and the last millisecond that a Date can hold are this far from 1970. */
const LAST_TIME = 8.64e15;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const DURATION = /^(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h|d)$/;

/**
 * The whole millisecond of a time that a handler gave.
 *
 * @param now what `{ in }` counts from.
 * @throws InvalidTimerError
 */
export function instantOf(given: TimerTime, now: number): number {
  const time = types.isDate(given) ? timeOf(given) : typeof given === 'number' ? given : now + delayOf(given);
  // Never before its time; and SQLite stores -0 as 0.
  if (Math.abs(time) <= LAST_TIME) return Math.ceil(time) + 0;
  throw refused(given);
}

function delayOf(given: unknown): number {
  if (typeof given !== 'object' || given === null) throw refused(given);
  const delay: unknown = (given as { readonly in?: unknown }).in;
  if (typeof delay === 'number') return delay;
  const [, count, unit = ''] = (typeof delay === 'string' && DURATION.exec(delay)) || [];
  if (count === undefined) throw refused(given);
  return Number(count) * (UNITS[unit] as number);
}

function refused(given: unknown): InvalidTimerError {
  return new InvalidTimerError(
    `ctx.schedule was given ${shown(given)} as its time. Pass a Date, milliseconds since 1970 within 8.64e15 of it, { in: milliseconds }, or { in: '1h' } (ms, s, m, h, d).`,
  );
}
