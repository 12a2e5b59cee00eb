import { Fingerprint } from '../../events/canonical.js';
import type { AnyEventType, DomainEvent } from '../../faces/define.js';
import type { openEngine } from '../../index.js';
import { BacktestCompleted, BacktestFailed, BacktestStarted } from '../../trading/index.js';
import { type ChainSoFar, EVENT_CHAIN } from './event-chain.js';
import type { SweepTally } from './results.js';

type OpenedEngine = Awaited<ReturnType<typeof openEngine>>;

/**
 * Takes what a sweep's log in memory says while it grows, because it keeps its newest events only: from the first and the last
 * event of each run. The last one says what came between them, so nobody else decodes that.
 */
export class FollowedRuns {
  readonly #fingerprint = new Fingerprint();
  readonly #tally: SweepTally;

  constructor(engine: OpenedEngine, tally: SweepTally) {
    this.#tally = tally;
    engine.subscribe(BacktestStarted, (event) => this.#add(event, BacktestStarted));
    engine.subscribe(BacktestCompleted, (event) => this.#ended(event, BacktestCompleted));
    engine.subscribe(BacktestFailed, (event) => this.#ended(event, BacktestFailed));
  }

  /** Equal to `engine.fingerprint()` of the whole log. */
  fingerprint(): string {
    return this.#fingerprint.digest();
  }

  #ended(event: DomainEvent, type: AnyEventType): void {
    // A run whose thread was ended has left nothing between its start and its failure.
    const before = event.metadata[EVENT_CHAIN] as ChainSoFar | undefined;
    if (before) {
      this.#fingerprint.goOn(event.aggregateId, before.hash);
      this.#tally.count(before.byType);
    }
    this.#add(event, type);
  }

  #add(event: DomainEvent, { volatile }: AnyEventType): void {
    this.#tally.add(event);
    // All events of a run are ordered by it.
    this.#fingerprint.add({ ...event, partitionKey: event.aggregateId }, volatile);
  }
}
