import { PROFILE_MAX_SPANS } from '../limits.js';
import type { ProfiledSpan } from './session.js';

/** A span of the thread that notes it; instants are in milliseconds since the Unix epoch. */
export type ThreadSpan = Omit<ProfiledSpan, 'thread'> & {
  /** It ran on this other thread, which notes nothing by itself. */
  readonly thread?: 'checkpointer';
};

/** The present instant in milliseconds since the Unix epoch, with a fraction, and comparable between threads. */
export function epochNow(): number {
  return performance.timeOrigin + performance.now();
}

/** What a thread was busy with, up to a bound. */
export class SpanLog {
  readonly spans: ThreadSpan[] = [];
  /** Spans that did not fit. */
  leftOut = 0;

  add(span: ThreadSpan): void {
    if (this.spans.length < PROFILE_MAX_SPANS) this.spans.push(span);
    else this.leftOut++;
  }
}
