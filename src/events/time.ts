import { types } from 'node:util';
import { InvalidOptionError } from '../kernel/errors.js';
import { timeOf } from './plain-data.js';

/** The first and the last millisecond that a Date can hold are this far from 1970. */
const LAST_TIME = 8.64e15;

/** The time that a caller gave an event, in Unix epoch milliseconds. @throws InvalidOptionError */
export function givenTime(type: string, given: number | Date): number {
  const time = types.isDate(given) ? timeOf(given) : given;
  // SQLite stores -0 as 0.
  if (typeof time === 'number' && Math.abs(time) <= LAST_TIME) return time + 0;
  throw new InvalidOptionError(
    `Event '${type}': occurredAt is ${typeof time === 'number' ? time : `of type ${typeof time}`}, which is no valid time. Pass a Date, or milliseconds since 1970 within 8.64e15 of it.`,
    { details: { type } },
  );
}
