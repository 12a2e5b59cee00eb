import { checkOutside } from '../kernel/async-context.js';
import { EngineClosedError } from '../kernel/errors.js';
import { checkUntil } from './check-options.js';

/**
 * Refuses a call that waits for an engine's handlers, when one of them makes it: on the main thread a handler can reach
 * its own engine. `owner` is the engine's options, which are there from before its lanes until after their end.
 *
 * @throws WaitsForItselfError
 */
export function checkWait(owner: object, call: string): void {
  checkOutside(owner, `engine.${call}`);
}

/** How far an event must come, of a call that waits for it. @throws InvalidOptionError, WaitsForItselfError */
export function checkUntilOf(owner: object, call: string, until: string): void {
  checkUntil(until);
  if (until === 'handled') checkWait(owner, `${call}(…, { until: 'handled' })`);
}

export function closedError(): EngineClosedError {
  return new EngineClosedError('The engine is closed. Open it again with openEngine before publishing.');
}
