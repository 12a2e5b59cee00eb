import { HOT_KEYS_SHOWN } from '../../limits.js';
import { prometheusText } from '../../observe/prometheus.js';
import type { MetricsSnapshot } from '../../observe/snapshot.js';
import type { EngineParts } from '../engine.js';
import { sizeOf } from './health-facts.js';

/** What an engine has counted and measured. Always on; looking at it costs microseconds. */
export class Metrics {
  readonly #parts: () => EngineParts;
  readonly #openedAt = performance.now();

  /** @internal */
  constructor(parts: () => EngineParts) {
    this.#parts = parts;
  }

  /** Everything at this moment, as plain data. */
  snapshot(): MetricsSnapshot {
    const { hub, meters, options, store } = this.#parts();
    const { accepted, handled, emitted, failed, retried, skipped, subscriberErrors, inFlight } = hub.counters;
    return {
      uptime: performance.now() - this.#openedAt,
      events: {
        accepted,
        durable: meters.durable.count,
        handled,
        emitted,
        failed,
        retried,
        skipped,
        subscriberErrors,
      },
      queue: {
        inFlight,
        maxInFlight: options.maxInFlight,
        bytes: hub.pool.usedBytes,
        maxBytes: options.maxInFlightBytes,
        parkedKeys: hub.parking.parked,
      },
      latency: {
        accepted: meters.waited.summary(),
        durable: meters.durable.summary(),
        handled: meters.handled.summary(),
        commit: meters.commit.summary(),
      },
      commits: { count: meters.commit.count, meanEvents: mean(meters.durable.count, meters.commit.count) },
      batches: { count: meters.batches, meanEvents: mean(meters.batchEvents, meters.batches) },
      threads: hub.crew.threads,
      lanes: meters.lanes,
      types: meters.types((id) => hub.typeName(id)),
      hotKeys: meters.hotKeys.top(HOT_KEYS_SHOWN),
      ...(store.location !== 'memory' && {
        files: { store: sizeOf(store.location), wal: sizeOf(`${store.location}-wal`) },
      }),
    };
  }

  /** The same in Prometheus' text format, for a `/metrics` page: content type `text/plain; version=0.0.4`. */
  prometheus(): string {
    const { waited, durable, handled, commit } = this.#parts().meters;
    return prometheusText(this.snapshot(), { accepted: waited, durable, handled, commit });
  }
}

function mean(sum: number, count: number): number {
  return count === 0 ? 0 : sum / count;
}
