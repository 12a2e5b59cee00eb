import type { HotKey } from './hot-keys.js';
import type { LaneMetrics, Latencies, TypeMetrics } from './meters.js';

/** Everything that an engine has counted and measured since it was opened; times in milliseconds, sizes in bytes. */
export interface MetricsSnapshot {
  readonly uptime: number;
  readonly events: {
    readonly accepted: number;
    readonly durable: number;
    readonly handled: number;
    readonly emitted: number;
    readonly failed: number;
    readonly retried: number;
    readonly skipped: number;
    readonly subscriberErrors: number;
  };
  readonly queue: {
    readonly inFlight: number;
    readonly maxInFlight: number;
    readonly bytes: number;
    readonly maxBytes: number;
    readonly parkedKeys: number;
  };
  readonly commands: CommandMetrics;
  readonly latency: Latencies;
  readonly commits: { readonly count: number; readonly meanEvents: number };
  readonly batches: { readonly count: number; readonly meanEvents: number };
  readonly threads: number;
  readonly lanes: readonly LaneMetrics[];
  /** Busiest first. */
  readonly types: readonly TypeMetrics[];
  /** Hottest first. */
  readonly hotKeys: readonly HotKey[];
  /** Those that run. */
  readonly consumers: readonly ConsumerMetrics[];
  /** Of a store with a file. */
  readonly files?: { readonly store: number; readonly wal: number };
}

/** What became of commands, of `engine.execute` and of handlers. */
export interface CommandMetrics {
  /** Decided on, repeated ones included. */
  readonly executed: number;
  readonly refused: number;
  /** Tries that failed. */
  readonly failed: number;
  /** Sent by handlers. */
  readonly sent: number;
  /** At lanes or on the way there, queries included. */
  readonly inFlight: number;
  /** Sent by handlers and neither decided on nor held. */
  readonly pending: number;
  /** Sent by handlers and failed for good; see `engine.heldCommands`. */
  readonly held: number;
}

/** What a consumer is at, and what it has done since it was started. */
export interface ConsumerMetrics {
  readonly name: string;
  readonly state: 'running' | 'paused' | 'failed' | 'stopped';
  /** It is done with every event up to here. */
  readonly position: number;
  /** Durable events that it is not done with. */
  readonly lag: number;
  readonly parkedKeys: number;
  /** Events handled, tries that failed, tries that were made again, events skipped. */
  readonly handled: number;
  readonly failed: number;
  readonly retried: number;
  readonly skipped: number;
}
