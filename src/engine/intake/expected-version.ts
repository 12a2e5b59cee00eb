import { isWhole } from '../../kernel/check.js';
import { ConcurrencyError, InvalidOptionError } from '../../kernel/errors.js';
import { shown } from '../../kernel/thrown.js';

/** What an `append` expects of its aggregate: a version, that it does not exist, that it does, or nothing. */
export type ExpectedVersion = number | 'none' | 'exists' | 'any';

/** @throws InvalidOptionError when what an `append` expects can be no version. */
export function checkExpectedVersion(expected: unknown): void {
  if (expected === undefined || isWhole(expected, 0)) return;
  if (expected === 'none' || expected === 'exists' || expected === 'any') return;
  throw new InvalidOptionError(
    `Option expectedVersion is ${shown(expected)}; it must be a whole number from 0, 'none' (as 0: the aggregate must not exist), 'exists' or 'any'.`,
  );
}

/** The one version that is expected; undefined when there are several. */
export function exactVersion(expected: ExpectedVersion | undefined): number | undefined {
  if (expected === 'none') return 0;
  return typeof expected === 'number' ? expected : undefined;
}

/** @throws ConcurrencyError when an aggregate is not where an `append` expects it. */
export function expectVersion(
  aggregateId: string,
  expected: ExpectedVersion | undefined,
  actual: number,
): void {
  const exact = exactVersion(expected);
  const isMet = exact === undefined ? expected !== 'exists' || actual > 0 : exact === actual;
  if (isMet) return;
  const message =
    expected === 'exists'
      ? `Aggregate '${aggregateId}' does not exist, and 'exists' was expected. Append its first event with expectedVersion 'none'.`
      : `Aggregate '${aggregateId}' is at version ${actual}, not ${exact}. Read its new events and decide again.`;
  throw new ConcurrencyError(message, { details: { aggregateId, expected, actual } });
}
