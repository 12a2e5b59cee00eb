import type { EngineFacts } from './facts.js';
import type { HealthFacts } from './health.js';

/** What an engine's health is judged by, at this moment. @param full share of the tighter limit that is used. */
export function healthFacts(facts: EngineFacts, full: number): HealthFacts {
  const { counters, meters } = facts;
  const { accepted, handled, failed, inFlight } = counters;
  return {
    failure: facts.failure,
    parkedKeys: facts.parkedKeys,
    heldCommands: facts.commands.held,
    full,
    openLanes: facts.openLanes,
    failed,
    handled,
    latencySum: meters.handled.sum,
    latencyCount: meters.handled.count,
    walBytes: facts.walBytes,
    work: {
      inFlight,
      running: facts.running,
      committing: facts.isCommitting,
      retrying: facts.isRetrying,
      steps: accepted + handled + failed + facts.commits,
    },
  };
}
