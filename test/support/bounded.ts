import { createContext, Script } from 'node:vm';

/** What takes longer has no end. A machine that is busy with other tests is slow, but not that slow. */
const MILLISECONDS = 5000;

const holder: { work: () => void } = { work: () => {} };
const context = createContext(holder);
const call = new Script('work()');

/**
 * Runs synchronous code that may never end, and ends it then with an error. A timeout of the test runner could
 * not: it waits for the event loop, too.
 */
export function bounded<Result>(work: () => Result): Result {
  let result: { readonly value: Result } | undefined;
  holder.work = () => {
    result = { value: work() };
  };
  call.runInContext(context, { timeout: MILLISECONDS });
  if (!result) throw new Error('The work did not run.');
  return result.value;
}
