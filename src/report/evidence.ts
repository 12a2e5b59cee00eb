import type { ProfileSession } from '../sampling/session.js';
import type { HandlerRow, ThreadSummary, Verdict } from './summary.js';

/** What the judges know. */
export interface Evidence {
  readonly session: ProfileSession;
  readonly threads: readonly ThreadSummary[];
  readonly handlers: readonly HandlerRow[];
}

/** Looks for one cause. */
export type Judge = (evidence: Evidence) => readonly Verdict[];

export function busiestOf(threads: readonly ThreadSummary[]): ThreadSummary | undefined {
  return threads.reduce<ThreadSummary | undefined>(
    (best, thread) => (best && best.busyShare >= thread.busyShare ? best : thread),
    undefined,
  );
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.0995 && share > 0 ? 1 : 0)} %`;
}
