import { isPromised } from './thenable.js';

/**
 * Calls a function of somebody who only watches: a logger, a listener, a tracer. What it throws, and what a promise
 * that it returns rejects with, is counted and touches nobody. Nothing waits for it.
 *
 * @param onError told once of a failure; must not throw.
 * @returns what the function returned; undefined when it threw.
 */
export function guarded<Result>(watch: () => Result, onError: () => void): Result | undefined {
  try {
    const result = watch();
    if (isPromised(result)) Promise.resolve(result).catch(onError);
    return result;
  } catch {
    onError();
    return undefined;
  }
}
