import { InvalidOptionError } from './errors.js';

/** The time that a caller gave an event, in Unix epoch milliseconds. @throws InvalidOptionError */
export function givenTime(type: string, given: number | Date): number {
  const time = given instanceof Date ? given.getTime() : given;
  if (Number.isFinite(time)) return time;
  throw new InvalidOptionError(`Event '${type}': occurredAt is not a valid time.`);
}
