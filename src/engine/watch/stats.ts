import type { Hub } from '../hub.js';
import type { EngineStats } from '../options.js';

/** An engine's numbers at this moment. */
export function statsOf(hub: Hub, state: 'open' | 'closing' | 'closed'): EngineStats {
  const { counters, commits, sequencer, lastDurable, failure, crew, parking } = hub;
  return {
    ...counters,
    parkedKeys: parking.parked,
    state: failure && state !== 'closed' ? 'failed' : state,
    durable: lastDurable,
    commits: commits.commits,
    laneTasks: crew.tasks,
    threads: crew.threads,
    lastPosition: sequencer.lastPosition,
  };
}
