import type { StoredEvent } from '../events/domain-event.js';
import { isThenable } from '../kernel/thenable.js';
import type { LaneContext } from './context.js';
import type { HandlerEntry } from './handlers.js';

/** Calls the handlers one after the other; returns a promise only when one of them did. */
export function callHandlers(
  entries: readonly HandlerEntry[],
  from: number,
  event: StoredEvent,
  context: LaneContext,
): Promise<void> | undefined {
  for (let index = from; index < entries.length; index++) {
    const entry = entries[index] as HandlerEntry;
    context.begin(entry);
    const result = entry.handle(event as never, context);
    if (isThenable(result)) {
      context.awaited();
      const pending = Promise.resolve(result);
      // Most types have one handler, and a promise in between would cost as much as what it waits for.
      if (index + 1 === entries.length) return pending as Promise<void>;
      return pending.then(() => callHandlers(entries, index + 1, event, context));
    }
  }
  return undefined;
}
