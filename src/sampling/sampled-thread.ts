import type { ThreadRole } from './session.js';
import type { ProfileOrder, ThreadReading } from './thread-profiler.js';

/** A thread that can be profiled. */
export interface SampledThread {
  /** `lane-0`, `writer`, `consumer-mailer`: profiles and snapshots are files of that name. */
  readonly name: string;
  readonly role: ThreadRole;
  /** Number of the lane; only for lanes. */
  readonly number?: number;
  /** @throws when it has ended, or cannot do what it is asked for. */
  profile(order: ProfileOrder): Promise<ThreadReading | undefined>;
}

/** A profile that runs, for whoever starts and ends threads. */
export interface ThreadWatch {
  /** Has a thread sampled from now on. Never rejects: a thread that dies of it, dies as it would have anyhow. */
  join(thread: SampledThread): Promise<void>;
  /** Its owner is about to end it: resolves when it has handed over what it recorded. Never rejects. */
  leave(thread: SampledThread): Promise<void>;
  /** It ends, and takes what it recorded along. @param error of what it dies, unless its owner ends it. */
  left(thread: SampledThread, error: Error | undefined): void;
}
