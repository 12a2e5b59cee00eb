import { isThenable } from '../kernel/thenable.js';

/**
 * Calls a function that may return a promise, and `ended` when it is over. What is synchronous stays so: lanes
 * tell by the returned value whether a handler is still at work.
 *
 * @param ended is given what was thrown, in an object, if something was.
 */
export function observed(
  call: () => unknown,
  ended: (failure?: { readonly thrown: unknown }) => void,
): void | Promise<void> {
  let result: unknown;
  try {
    result = call();
  } catch (thrown) {
    ended({ thrown });
    throw thrown;
  }
  if (!isThenable(result)) return ended();
  return Promise.resolve(result).then(
    () => ended(),
    (thrown: unknown) => {
      ended({ thrown });
      throw thrown;
    },
  );
}
