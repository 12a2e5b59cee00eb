import { field } from './thrown.js';

/** Query builders and promises of other libraries are awaited as well. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

/**
 * Whether a function that must return a value at once has returned a promise. Nobody will wait for it, so nobody may
 * call its rejection an unhandled one either.
 */
export function isPromised(value: unknown): boolean {
  if (typeof value !== 'object' || typeof field(value, 'then') !== 'function') return false;
  Promise.resolve(value).catch(() => {});
  return true;
}
