import { isWhole } from '../../kernel/check.js';
import { ConcurrencyError, InvalidOptionError } from '../../kernel/errors.js';
import { shown } from '../../kernel/thrown.js';

/** @throws InvalidOptionError when what an `append` expects can be no version. */
export function checkExpectedVersion(expected: unknown): void {
  if (expected === undefined || isWhole(expected, 0)) return;
  throw new InvalidOptionError(
    `Option expectedVersion is ${shown(expected)}; it must be a whole number from 0, where 0 means that the aggregate must not exist.`,
  );
}

/** Says that an aggregate is not where an `append` expected it. */
export function wrongVersion(aggregateId: string, expected: number, actual: number): ConcurrencyError {
  return new ConcurrencyError(
    `Aggregate '${aggregateId}' is at version ${actual}, not ${expected}. Read its new events and decide again.`,
    { details: { aggregateId, expected, actual } },
  );
}
