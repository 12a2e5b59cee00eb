import type { Notice } from '../engine/watch/notices.js';
import type { FailedEvent } from './failed-event.js';

/** Something that the owner of a bus may want to know. */
export type BusNotice =
  /** The queue is more than 80 % full (`pressure`): publishers will soon wait; less than 60 % full again (`relieved`). */
  | { readonly kind: 'pressure' | 'relieved'; readonly queueSize: number; readonly maxQueueSize: number }
  /** The retries of a subscriber are used up; see `bus.failedEvents`. */
  | { readonly kind: 'failed-event'; readonly event: FailedEvent }
  /** What the engine has to say of its lanes and of itself. */
  | Exclude<Notice, { readonly kind: 'pressure' | 'relieved' }>;
