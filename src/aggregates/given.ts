import { isStorable } from '../kernel/check.js';
import { InvalidDefinitionError, InvalidNameError, InvalidOptionError } from '../kernel/errors.js';
import { isPromised } from '../kernel/thenable.js';
import { field, shown } from '../kernel/thrown.js';
import { MAX_NAME_BYTES } from '../limits.js';

/** The engine that a call is given, by what it can do: it may be wrapped. @throws InvalidOptionError */
export function checkEngine(of: string, engine: unknown): void {
  if (['read', 'append'].every((name) => typeof field(engine, name) === 'function')) return;
  throw new InvalidOptionError(
    `${of}: the engine is ${shown(engine)}; pass the engine that 'await openEngine(…)' gives.`,
  );
}

/** Without an id the whole log would be read as one aggregate. @throws InvalidNameError */
export function checkAggregateId(of: string, id: unknown): void {
  if (isStorable(id, MAX_NAME_BYTES)) return;
  const what = typeof id === 'string' && id !== '' ? `a text of ${id.length} characters` : shown(id);
  throw new InvalidNameError(
    `${of}: the id of the aggregate is ${what}; it must be a well-formed text of 1 to ${MAX_NAME_BYTES} bytes.`,
  );
}

/** Also where nothing is appended in the end. @throws InvalidOptionError */
export function checkUntil(of: string, until: unknown): void {
  if (until === undefined || until === 'accepted' || until === 'durable' || until === 'handled') return;
  throw new InvalidOptionError(
    `${of}: until is ${shown(until)}; it must be one of accepted, durable, handled.`,
  );
}

/**
 * What a function that says what an event changes has returned. A promise would be looked at as if it were the state.
 *
 * @throws InvalidDefinitionError
 */
export function atOnce<Result>(what: string, result: Result): Result {
  if (!isPromised(result)) return result;
  throw new InvalidDefinitionError(
    `${what} returned a promise. It must do its work at once, because the next event comes behind it.`,
  );
}
