/** One number of two profiles. */
export interface ProfileChange {
  /**
   * `micros-per-event` and `bytes-per-event` of a handler on all threads together; `throughput` in events a second;
   * `busy-share` of a thread, 0 to 1.
   */
  readonly what: 'micros-per-event' | 'bytes-per-event' | 'throughput' | 'busy-share';
  /** The handler, the thread, or `handled`. */
  readonly subject: string;
  /** Null where the profile does not know the subject, or not enough of it. */
  readonly before: number | null;
  readonly after: number | null;
  /** 0.25 is a quarter more. For `busy-share` the difference of the shares. Null where one of the two is not known. */
  readonly change: number | null;
  /** Whether it got worse by more than the threshold. A thread may be as busy as it likes. */
  readonly isWorse: boolean;
  /** Whether it got better by more than the threshold. */
  readonly isBetter: boolean;
}

/** What differs between two profiles, as `diffProfiles` finds it. */
export interface ProfileDiff {
  /** The two folders. */
  readonly before: string;
  readonly after: string;
  readonly threshold: number;
  /** Largest change first; what only one of the two knows comes last. */
  readonly changes: readonly ProfileChange[];
  /** What got worse, largest change first: empty is what a check in CI wants. */
  readonly regressions: readonly ProfileChange[];
  /** All this for a person. */
  readonly text: string;
}
