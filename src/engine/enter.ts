import type { Need } from './admission.js';
import type { Hub } from './hub.js';
import { kept, type Prepared } from './prepare.js';

/**
 * Runs `accept` when there is room and, in deterministic mode, the event's key is quiet. An event that must wait for
 * either is kept, so what is accepted is what was passed.
 */
export function enter<Result>(
  hub: Hub,
  event: Prepared,
  signal: AbortSignal | undefined,
  accept: (event: Prepared) => Result | Promise<Result>,
  need?: Need,
): Result | Promise<Result> {
  const isOpen = need ? hub.admission.isOpenFor(need) : hub.admission.isOpen;
  if (isOpen && !hub.mustWait(event.partitionKey)) return accept(event);
  const waiting = kept(event);
  const go = (): Result | Promise<Result> => {
    if (!hub.mustWait(waiting.partitionKey)) return accept(waiting);
    return new Promise<Result>((resolve, reject) => {
      hub.whenQuiet(waiting, () => resolve(accept(waiting)), reject);
    });
  };
  return isOpen ? go() : hub.admission.enter(go, signal, need && { need });
}
