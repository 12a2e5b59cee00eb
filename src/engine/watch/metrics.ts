import type { Consumers } from '../../consumers/consumers.js';
import { HOT_KEYS_SHOWN } from '../../limits.js';
import { prometheusText } from '../../observe/prometheus.js';
import type { MetricsSnapshot } from '../../observe/snapshot.js';
import type { EngineFacts } from './facts.js';

/** What an engine has counted and measured. Always on; looking at it costs microseconds. */
export class Metrics {
  /** Asked anew each time: `recover` opens other rooms. */
  readonly #facts: () => EngineFacts;
  readonly #consumers: Pick<Consumers, 'running'>;
  readonly #openedAt = performance.now();

  /** @internal */
  constructor(facts: () => EngineFacts, consumers: Pick<Consumers, 'running'>) {
    this.#facts = facts;
    this.#consumers = consumers;
  }

  /** Everything at this moment, as plain data. */
  snapshot(): MetricsSnapshot {
    const facts = this.#facts();
    const { meters, fill, files, counters, usedBytes, parkedKeys, threads } = facts;
    const { accepted, handled, emitted, failed, retried, skipped, subscriberErrors, inFlight } = counters;
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
        maxInFlight: fill.maxInFlight,
        bytes: usedBytes,
        maxBytes: fill.maxBytes,
        parkedKeys,
      },
      commands: facts.commands,
      latency: {
        accepted: meters.waited.summary(),
        durable: meters.durable.summary(),
        handled: meters.handled.summary(),
        commit: meters.commit.summary(),
      },
      commits: { count: meters.commit.count, meanEvents: mean(meters.durable.count, meters.commit.count) },
      batches: { count: meters.batches, meanEvents: mean(meters.batchEvents, meters.batches) },
      threads,
      lanes: meters.lanes,
      types: meters.types((id) => facts.typeName(id)),
      hotKeys: meters.hotKeys.top(HOT_KEYS_SHOWN),
      consumers: this.#consumers
        .running()
        .map(({ error: _error, failures: _failures, inFlight: _inFlight, ...metrics }) => metrics),
      ...(files && { files }),
    };
  }

  /** The same in Prometheus' text format, for a `/metrics` page: content type `text/plain; version=0.0.4`. */
  prometheus(): string {
    const { waited, durable, handled, commit } = this.#facts().meters;
    return prometheusText(this.snapshot(), { accepted: waited, durable, handled, commit });
  }
}

function mean(sum: number, count: number): number {
  return count === 0 ? 0 : sum / count;
}
