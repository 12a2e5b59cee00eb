import { Fingerprint } from '../../events/canonical.js';
import type { AnyEventType, DomainEvent } from '../../faces/define.js';
import type { openEngine } from '../../index.js';
import { BacktestCompleted, BacktestFailed, BacktestStarted } from '../../trading/index.js';
import { type ChainSoFar, EVENT_CHAIN } from './event-chain.js';
import type { SweepTally } from './results.js';

export type OpenedEngine = Awaited<ReturnType<typeof openEngine>>;

const ENDS = [BacktestStarted, BacktestCompleted, BacktestFailed] as const;

/**
 * What a sweep's log says, from the first and the last event of each run: the last one says what came between them, so
 * nobody decodes that once more. They come while the log grows, which in memory keeps its newest events only, or from a file.
 */
export class FollowedRuns {
  readonly #fingerprint = new Fingerprint();
  readonly #tally: SweepTally;

  constructor(tally: SweepTally) {
    this.#tally = tally;
  }

  follow(engine: OpenedEngine): void {
    for (const type of ENDS) engine.subscribe(type, (event) => this.#add(event, type));
  }

  async read(engine: OpenedEngine): Promise<void> {
    const types = new Map<string, AnyEventType>(ENDS.map((type) => [type.type, type]));
    for await (const event of engine.read({ types: [...types.keys()] })) {
      this.#add(event, types.get(event.type) as AnyEventType);
    }
  }

  /** Equal to `engine.fingerprint()` of the whole log, if there is nothing but runs in it. */
  fingerprint(): string {
    return this.#fingerprint.digest();
  }

  #add(event: DomainEvent, { volatile }: AnyEventType): void {
    // All events of a run are ordered by it. One whose thread was ended has left nothing between its start and its failure.
    const { aggregateId: partitionKey, metadata } = event;
    const before = metadata[EVENT_CHAIN] as ChainSoFar | undefined;
    if (before) {
      this.#fingerprint.goOn(partitionKey, before.hash);
      this.#tally.count(before.byType);
    }
    this.#tally.add(event);
    // Without a store the log has not counted those between.
    const version = before ? before.version + 1 : event.version;
    this.#fingerprint.add({ ...event, version, partitionKey }, volatile);
  }
}
