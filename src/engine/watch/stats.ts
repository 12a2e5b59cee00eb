import type { EngineStats } from '../options.js';
import type { EngineStage } from '../state.js';
import type { EngineFacts } from './facts.js';

/** An engine's numbers at this moment. */
export function statsOf(facts: EngineFacts, stage: EngineStage): EngineStats {
  const { counters, parkedKeys, lastDurable, commits, laneTasks, threads, lastPosition } = facts;
  return {
    ...counters,
    commands: facts.commands,
    parkedKeys,
    state: shownStage(stage, facts.failure !== undefined),
    durable: lastDurable,
    commits,
    laneTasks,
    threads,
    lastPosition,
  };
}

/** As users see it: an engine that has failed stays `failed` until it has recovered or is closed. */
function shownStage(stage: EngineStage, hasFailed: boolean): EngineStats['state'] {
  if (stage === 'closed') return 'closed';
  if (hasFailed || stage === 'failed' || stage === 'recovering') return 'failed';
  return stage === 'closing' ? 'closing' : 'open';
}
