import { EngineFailedError } from '../kernel/errors.js';
import type { EngineParts, KnownLog } from './parts.js';

/**
 * What an engine that has failed is made of from now on: lets go of everything, and opens its log again.
 *
 * @param interrupt ends a profile that is being taken.
 * @throws the errors of `openEngine`, and EngineFailedError when there is no store to open again; it stays failed then.
 */
export async function partsAgain(
  { state, hub, crew, store, options, run, log }: EngineParts,
  reopen: (log: KnownLog) => Promise<EngineParts>,
  interrupt: () => Promise<unknown>,
): Promise<EngineParts> {
  if (options.store === undefined) {
    throw new EngineFailedError(
      "An engine with durability 'memory' cannot recover: its log was in the memory that failed. Open a new one.",
      { cause: hub.failure },
    );
  }
  state.to('recovering');
  log.begins('recovering');
  try {
    await interrupt();
    // What does not close any more has failed already, and the new parts say whether the store is in use.
    await Promise.allSettled([crew.close(), store.close()]);
    return await reopen({ run, lastDurable: hub.lastDurable });
  } catch (error) {
    state.to('failed');
    throw error;
  }
}
