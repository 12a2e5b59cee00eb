import type { ThreadRole } from '../sampling/session.js';

/**
 * Whose code ran. `validation` is Zod where the engine calls it; what a user calls of Zod, msgpackr or SQLite is the
 * user's. `program` is native code without JavaScript on the stack.
 */
export type Room =
  | 'handler'
  | 'user'
  | 'validation'
  | 'msgpackr'
  | 'sqlite'
  | 'engine'
  | 'node'
  | 'program'
  | 'gc'
  | 'idle';

/** Every room, in the order in which they are listed. */
export const ROOMS: readonly Room[] = [
  'handler',
  'user',
  'validation',
  'msgpackr',
  'sqlite',
  'engine',
  'node',
  'program',
  'gc',
  'idle',
];

/** What a thread did. Times are milliseconds, shares go from 0 to 1. */
export interface ThreadSummary {
  readonly name: string;
  readonly role: ThreadRole;
  /** Where `busyShare` comes from: CPU samples, the event loop's own account, noted spans, or nothing at all. */
  readonly source: 'samples' | 'event-loop' | 'spans' | 'none';
  /** Share of the session in which the thread was not idle. */
  readonly busyShare: number;
  /** Milliseconds in which it was not idle. */
  readonly cpuMs: number;
  readonly idleMs: number;
  readonly gcMs: number;
  /** Milliseconds in each room; they sum up to what was sampled. Null without a CPU profile. */
  readonly rooms: Readonly<Record<Room, number>> | null;
  /** Milliseconds of encoding, decoding and posting messages: msgpackr and structured clone. */
  readonly cloneMs: number | null;
  /** Bytes allocated, also those collected since. Null without a heap profile. */
  readonly allocatedBytes: number | null;
  /** Heap and external memory at the end less those at the start. Null without readings. */
  readonly grownBytes: number | null;
  /** Milliseconds of user code on a handler thread of which no handler is known: it ran after an `await`. */
  readonly unattributedMs: number;
}

/** One handler on one thread. */
export interface HandlerRow {
  /** `<module>/<event type>`; the event type alone where no profile shows the handler's frame. */
  readonly handler: string;
  readonly module: string | null;
  readonly type: string;
  readonly thread: string;
  /** Milliseconds by samples, garbage collection included. Null without a CPU profile of the thread. */
  readonly cpuMs: number | null;
  /** The part of `cpuMs` that the engine took for it: `ctx.emit` with validation and encoding, reading the event. */
  readonly engineMs: number | null;
  /** The part of `engineMs` that validation took. */
  readonly validationMs: number | null;
  /** Share of the thread's busy time, 0 to 1. */
  readonly threadShare: number | null;
  /** Share of all threads' busy time, 0 to 1. */
  readonly totalShare: number | null;
  readonly events: number;
  readonly microsPerEvent: number | null;
  readonly bytes: number | null;
  readonly bytesPerEvent: number | null;
  readonly gcMs: number | null;
  /** Share of the handler's own time, 0 to 1. */
  readonly gcShare: number | null;
  /** Milliseconds by the always-on accounting. */
  readonly busyMs: number;
}

/** What a verdict says is the reason: of a thread or handler that takes the time, and of one that waits. */
export type Cause =
  | 'handler-dominates'
  | 'emit-bound'
  | 'lane-skew'
  | 'main-bound'
  | 'writer-bound'
  | 'lanes-bound'
  | 'gc-bound'
  | 'clone-bound'
  | 'handlers-wait'
  | 'balanced'
  | 'idle';

/** What limits the engine, with the number behind it. */
export interface Verdict {
  readonly cause: Cause;
  readonly thread?: string;
  readonly handler?: string;
  /** The number behind the verdict, a share from 0 to 1; `sentence` says of what. */
  readonly value: number;
  /** How much it matters, 0 to 1: about the share of the session that goes to this cause. */
  readonly weight: number;
  readonly sentence: string;
  /** The setting to try. */
  readonly advice: string;
}

/** What a profile says, in numbers: `summary.json`. */
export interface ProfileSummary {
  readonly version: 1;
  /** Instant of the start, ISO 8601. */
  readonly startedAt: string;
  /** Milliseconds. */
  readonly duration: number;
  /** Events per second. */
  readonly throughput: { readonly published: number; readonly durable: number; readonly handled: number };
  readonly threads: readonly ThreadSummary[];
  /** Most CPU time first. */
  readonly handlers: readonly HandlerRow[];
  /** Weightiest first; never empty. */
  readonly verdicts: readonly Verdict[];
  /** Profiles that were asked for and are not there. */
  readonly missing: readonly { readonly thread: string; readonly reason: string }[];
}
