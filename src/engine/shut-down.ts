import type { Consumers } from '../consumers/consumers.js';
import type { EngineParts } from './parts.js';
import type { Profiling } from './profiling/profiling.js';

/** Drains and closes everything, whatever fails in doing so. Returns what failed. */
export async function shutDown(
  { hub, crew, holding, subscriptions, receipts, store, options }: EngineParts,
  profiling: Profiling,
  consumers: Consumers,
  closed: Error,
): Promise<readonly unknown[]> {
  // What was unfinished before the engine opened may take longer than its owner has. It is in the log.
  if (!options.deterministic) holding.leaveBacklog(closed);
  const outcomes = await Promise.allSettled([hub.drain(), consumers.close()]);
  // While the threads are still there to hand over what they have sampled.
  await profiling.close();
  hub.stop();
  // Nothing is waited for in vain, such as a skipped event that is to be tried again and has found no room.
  receipts.rejectAll(closed);
  subscriptions.endAll();
  // One after the other: a lane may have the file open, and the last one to close it leaves it as one file.
  outcomes.push(
    ...(await Promise.allSettled([crew.close()])),
    ...(await Promise.allSettled([store.close()])),
  );
  return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
}

/** What failed, as one error. */
export function inOne(errors: readonly unknown[]): unknown {
  const [first, ...others] = errors;
  return others.length === 0 ? first : new AggregateError(errors, 'The engine closed with several errors.');
}
