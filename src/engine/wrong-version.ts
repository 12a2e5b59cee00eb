import { ConcurrencyError } from '../events/errors.js';

/** Says that an aggregate is not where an `append` expected it. */
export function wrongVersion(aggregateId: string, expected: number, actual: number): ConcurrencyError {
  return new ConcurrencyError(
    `Aggregate '${aggregateId}' is at version ${actual}, not ${expected}. Read its new events and decide again.`,
    { details: { aggregateId, expected, actual } },
  );
}
