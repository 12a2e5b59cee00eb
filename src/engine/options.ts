import type { ResourceLimits } from 'node:worker_threads';
import type { AnyEventType, NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { AnyAggregate } from '../lanes/aggregates/define-aggregate.js';
import type { CommandMetrics } from '../observe/snapshot.js';
import type { Tracing } from '../observe/tracing.js';
import type { SubscriptionOptions } from '../publisher/subscription-options.js';
import type { HealthThresholds } from './watch/health.js';
import type { EngineLogger } from './watch/logger.js';

/** What an acknowledged event survives. `memory`: nothing. `os`: a killed process. `disk`: a power cut. */
export type Durability = 'memory' | 'os' | 'disk';

/** How far an event must have come before a promise resolves. */
export type Until = 'accepted' | 'durable' | 'handled';

/** Options of `openEngine`. All but `events` have defaults. */
export interface EngineOptions<Types extends AnyEventType = AnyEventType> {
  /** The event types that may be published or emitted. */
  readonly events: readonly Types[];
  /** Path of the SQLite file. Left out: durability `memory`. */
  readonly store?: string;
  /** Default `disk` with a store, `memory` without. */
  readonly durability?: Durability;
  /** Handler modules by file URL; each is loaded once per lane thread. */
  readonly handlers?: readonly (URL | string)[];
  /**
   * Modules by file URL whose exported aggregates `execute` and `query` find; each is loaded once per lane thread. With
   * `threads: 0` also the aggregates themselves, as `defineAggregate` of `millrace/aggregates` makes them.
   */
  readonly aggregates?: readonly (URL | string | AnyAggregate)[];
  /** Worker threads for handlers and commands, 0 to 256. 0 runs them on the main thread. Default: cores - 1, at least 1. */
  readonly threads?: number;
  /** Memory of each lane thread, as for `new Worker`. A thread that passes it is replaced, its event fails. */
  readonly resourceLimits?: ResourceLimits;
  /** Async handlers of different keys that may overlap on one lane. Default 1. */
  readonly concurrency?: number;
  /**
   * Milliseconds that a handler without a `timeoutMs` of its own may take for one event, as that says; 1 to
   * 86,400,000. Default: no limit.
   */
  readonly handlerTimeoutMs?: number;
  /** When lanes get an event: once it is durable (default), or at once (default in deterministic mode). */
  readonly dispatch?: 'durable' | 'accepted';
  /**
   * When `openEngine` resolves: once the store is open and the lanes run (`open`, default), or once everything is
   * handled that was unfinished in the store (`recovered`). See `engine.recovered`.
   */
  readonly until?: 'open' | 'recovered';
  /**
   * Check payloads against their schemas. `off` leaves out the schema and nothing else: that a payload is plain data is
   * checked all the same. Default `publish`.
   */
  readonly validate?: 'publish' | 'off';
  /** Events accepted but not finished, before publishers wait; one `append` may have no more. Default 65,536. */
  readonly maxInFlight?: number;
  /** Bytes of slab memory for events in flight, before publishers wait. Default 96 MiB. */
  readonly maxInFlightBytes?: number;
  /** Bytes of its newest events that a log in memory keeps for reading; from 1. Default and most: 256 MiB. Not for a store. */
  readonly memoryBytes?: number;
  /** When `engine.health()` is no longer `HEALTHY`. */
  readonly health?: HealthThresholds;
  /** Hears of opening, closing, failures and every notice. Default: silent. */
  readonly logger?: EngineLogger;
  /** Takes part in distributed traces: `openTelemetry()` of `millrace/otel`. Default: none. */
  readonly tracing?: Tracing;
  /** Same result for any thread count: time from the data, ids and random numbers from (run, key). */
  readonly deterministic?: boolean;
  /** Seed of `ctx.random` in deterministic mode. Default 'millrace'. */
  readonly seed?: string;
  /** Prefix of event ids. Default: random per store, or the seed in deterministic mode. */
  readonly run?: string;
  /** Read-only data for handlers, seen as `ctx.shared`. Put large data into SharedArrayBuffers. */
  readonly shared?: Readonly<Record<string, unknown>>;
}

/** The place that an event got. */
export interface Receipt {
  readonly position: number;
  readonly version: number;
}

/** Options of `publish` and `publishMany`. */
export interface PublishOptions {
  /** Default `durable`. */
  readonly until?: Until;
  readonly signal?: AbortSignal;
}

/** What `publishMany` returns. Other publishers' events may lie between the two positions. */
export interface ManyReceipt {
  readonly count: number;
  /** 0 when nothing was published. */
  readonly firstPosition: number;
  readonly lastPosition: number;
}

/** Which events `engine.read` gives. Without options: the whole log, in position order. Bounds are included. */
export interface ReadOptions<Types extends AnyEventType = AnyEventType> {
  /** Only this aggregate, in version order. */
  readonly aggregateId?: string;
  /** With `aggregateId`: only its events from this version on. Default 1. */
  readonly fromVersion?: number;
  /** With `aggregateId`: only its events up to this version. */
  readonly toVersion?: number;
  /** Only events from this position on. Default 1. */
  readonly fromPosition?: number;
  /** Only events up to this position. */
  readonly toPosition?: number;
  /** Only these event types, or types of these names; an empty list asks for no event. */
  readonly types?: readonly (Types | Types['type'])[];
  /** Events at most, from 1. Default: all. */
  readonly limit?: number;
  /** `backwards`: the newest first, from the upper bound down to the lower one. Default `forwards`. */
  readonly direction?: 'forwards' | 'backwards';
  readonly signal?: AbortSignal;
}

/** Options of an engine's subscribers. */
export type SubscribeOptions<Data = unknown> = SubscriptionOptions<DomainEvent<Data>>;

/** What ends a listener. */
export interface Unsubscribe extends Disposable {
  unsubscribe(): void;
}

/** Counts of an engine since it was opened, as `engine.stats()` gives them. */
export interface EngineStats {
  readonly state: 'open' | 'closing' | 'closed' | 'failed';
  readonly accepted: number;
  readonly durable: number;
  readonly handled: number;
  readonly emitted: number;
  readonly failed: number;
  readonly retried: number;
  readonly skipped: number;
  readonly parkedKeys: number;
  readonly inFlight: number;
  readonly commits: number;
  readonly laneTasks: number;
  /** Times that a subscriber, a listener, the logger or the tracer threw or rejected; it touched nobody else. */
  readonly subscriberErrors: number;
  readonly commands: CommandMetrics;
  readonly threads: number;
  readonly lastPosition: number;
}

export type PublishableEvent = NewEvent;
