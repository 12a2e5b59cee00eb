import type { BusRun } from './bus-run.js';
import type { CheckedBusOptions } from './options.js';

/** What a bus did since its log was opened. */
export interface BusStatistics {
  /** Events published; those that lane handlers emitted are left out. */
  readonly published: number;
  /**
   * Events that need no more handling and did not fail: emitted ones, and ones that were left from before, too. One
   * that waits for lane and subscriber at once is counted late rather than early.
   */
  readonly processed: number;
  /** Events that failed for good. */
  readonly failed: number;
  /** Tries after a failed one, of subscribers and on lanes. */
  readonly retried: number;
  /**
   * Events that wait for lanes or subscribers, or are with them; one that waits for both counts twice. Those that wait
   * in the log behind others of their key are among them, so that it may be more than `maxQueueSize`.
   */
  readonly queueSize: number;
  /** Keys whose events subscribers may have under way at once; 0 when the bus does not run. */
  readonly workerCount: number;
  /** Lanes that run handler modules; 0 when there are none. */
  readonly threads: number;
  /** Mean time of one call of a subscriber in milliseconds, 0 before the first one. */
  readonly meanTime: number;
  /** Calls of `onNotice` listeners that threw. */
  readonly listenerErrors: number;
}

export const NO_STATISTICS: BusStatistics = {
  published: 0,
  processed: 0,
  failed: 0,
  retried: 0,
  queueSize: 0,
  workerCount: 0,
  threads: 0,
  meanTime: 0,
  listenerErrors: 0,
};

export function statisticsOf(
  run: BusRun,
  { workers, engine: { handlers } }: CheckedBusOptions,
  listenerErrors: number,
): BusStatistics {
  const { journal } = run;
  const { accepted, emitted, handled, skipped, retried, threads } = journal.engine.stats();
  const { backlog, behind, counters } = journal;
  return {
    published: accepted - emitted,
    // The engine calls an event handled when its lanes are done with it, and at once when it has none.
    processed: Math.max(0, backlog + handled - behind - skipped - counters.unprocessed),
    failed: counters.failed,
    retried: counters.retried + retried,
    queueSize: run.queueSize,
    workerCount: workers,
    threads: handlers && handlers.length > 0 ? threads : 0,
    meanTime: counters.calls === 0 ? 0 : counters.milliseconds / counters.calls,
    listenerErrors,
  };
}
