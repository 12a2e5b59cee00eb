/** What a profiled thread does. */
export type ThreadRole = 'dispatcher' | 'lane' | 'consumer' | 'writer' | 'checkpointer';

/** One thread of a profiling session. Times are milliseconds, sizes bytes. */
export interface ProfiledThread {
  /**
   * `dispatcher`, `lane-0`, `consumer-mailer`, `writer`, `checkpointer`; the one that took the place of a dead lane is
   * `lane-0-2`.
   */
  readonly name: string;
  readonly role: ThreadRole;
  /** Number of the lane; only for lanes. */
  readonly lane?: number;
  /** Name of the `.cpuprofile` in the session's directory. */
  readonly cpuProfile?: string;
  /** Name of the `.heapprofile` in the session's directory: bytes allocated, also what was collected since. */
  readonly heapProfile?: string;
  /** Why a profile that was asked for is not there, as a sentence. */
  readonly missing?: string;
  /** Time in which the thread's event loop did not wait, from `performance.eventLoopUtilization()`. */
  readonly active?: number;
  /** Readings of memory, in order; the first at the start, the last at the end, as far as there are any. */
  readonly memory: readonly MemoryReading[];
}

export interface MemoryReading {
  /** Milliseconds since the session began. */
  readonly at: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** Something that a thread was busy with. */
export interface ProfiledSpan {
  /** Name of a `ProfiledThread`. */
  readonly thread: string;
  readonly kind: 'batch' | 'commit' | 'checkpoint' | 'gc';
  /** Milliseconds since the session began. */
  readonly start: number;
  readonly end: number;
  /** Events of the batch or commit. */
  readonly events?: number;
}

/** The engine's queues at one moment. */
export interface QueueReading {
  /** Milliseconds since the session began. */
  readonly at: number;
  /** Events accepted and not yet handled. */
  readonly inFlight: number;
  /** The most that may be. */
  readonly maxInFlight: number;
  /** Publishers that wait for room. */
  readonly waiting: number;
  /** Events sent to each lane and not yet answered. */
  readonly lanes: readonly number[];
  readonly walBytes: number;
}

/** What the handler of a consumer's thread did with one event type. */
export interface ConsumedWork {
  readonly type: string;
  readonly events: number;
  /** Milliseconds from its call until it returned, its promise if it is async. */
  readonly busy: number;
}

/** What handlers of one event type did on a lane, or on the thread of a consumer. */
export interface HandledWork {
  /** Number of the lane. */
  readonly lane?: number;
  /** Name of the consumer's thread. */
  readonly thread?: string;
  readonly type: string;
  readonly events: number;
  /** Milliseconds; of a lane from the always-on accounting: a share of its busy time. */
  readonly busy: number;
}

/**
 * Everything that a profiling session recorded, but for the profiles themselves: `session.json`.
 *
 * In the profiles a handler runs under a frame of its own. The frame's `url` is
 * `millrace-handler:<module>/<event type>` (both through `encodeURIComponent`), its function name
 * `<module>·<event type>` with each character that no identifier may hold made `·`.
 */
export interface ProfileSession {
  readonly version: 1;
  /** Instant of the start, ISO 8601. */
  readonly startedAt: string;
  /** Milliseconds. */
  readonly duration: number;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly settings: {
    readonly cpu: boolean;
    readonly heap: boolean;
    readonly intervalMicros: number;
    /** 0: handlers run on the main thread, and their frames are in the dispatcher's profile. */
    readonly threads: number;
    readonly concurrency: number;
    readonly durability: 'disk' | 'os' | 'memory';
    readonly maxInFlight: number;
    /** These three are absent in profiles of earlier versions. */
    readonly deterministic?: boolean;
    readonly dispatch?: 'durable' | 'accepted';
    readonly validate?: 'publish' | 'off';
  };
  readonly threads: readonly ProfiledThread[];
  readonly handled: readonly HandledWork[];
  readonly spans: readonly ProfiledSpan[];
  /** Spans that were left out, because there were too many. */
  readonly spansLeftOut: number;
  readonly queues: readonly QueueReading[];
  /** Keys with the most events during the session, with their share of all events there, 0 to 1. */
  readonly hotKeys: readonly { readonly key: string; readonly share: number }[];
  /** Counts during the session. */
  readonly counts: {
    readonly published: number;
    readonly durable: number;
    readonly handled: number;
    readonly failed: number;
    readonly laneDeaths: number;
  };
}

export const SESSION_FILE = 'session.json';

/** Scheme of a handler frame's `url`. */
export const HANDLER_SCHEME = 'millrace-handler:';
