import { Fingerprint } from '../../events/canonical.js';
import type { DomainEvent } from '../../faces/define.js';
import { allTradingEvents } from '../../trading/index.js';

/**
 * The fingerprint of a sweep's log, made while it grows: a log in memory keeps its newest events only, so it could not be
 * read back from the beginning. Equal to `engine.fingerprint()` of the same events.
 */
export class LiveFingerprint {
  readonly #fingerprint = new Fingerprint();
  readonly #volatile = new Map(allTradingEvents.map(({ type, volatile }) => [type as string, volatile]));

  add(event: DomainEvent): void {
    const { type, aggregateId, version, occurredAt, data } = event;
    // All events of a run are ordered by it.
    const partitionKey = (data as { readonly backtest_id: string }).backtest_id;
    const covered = { partitionKey, type, aggregateId, version, occurredAt, data };
    this.#fingerprint.add(covered, this.#volatile.get(type) ?? []);
  }

  digest(): string {
    return this.#fingerprint.digest();
  }
}
