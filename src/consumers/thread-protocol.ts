import type { WireError } from '../kernel/error-codec.js';
import type { ProfileReply, ProfileRequest } from '../threads/answer-profile.js';

/** An event as it crosses to a consumer's thread: plain data, in today's form. */
export interface SentEvent {
  readonly id: string;
  readonly type: string;
  readonly aggregateId: string;
  readonly key: string;
  readonly version: number;
  readonly position: number;
  readonly occurredAt: number;
  readonly data: unknown;
  readonly metadata: unknown;
}

/** Everything that the main thread sends to the thread of a consumer. */
export type ThreadRequest =
  | {
      readonly kind: 'open';
      readonly module: string;
      readonly consumer: string;
      /** One 32-bit number: the last call that the thread has begun. When it has died, this tells what it can have died of. */
      readonly begun: SharedArrayBuffer;
    }
  /** Calls are numbered from 1, and begun in that order. */
  | { readonly kind: 'handle'; readonly call: number; readonly event: SentEvent; readonly attempt: number }
  /** The signal of a call aborts. */
  | { readonly kind: 'abort'; readonly call: number; readonly reason: WireError }
  | ProfileRequest;

/** Everything that it answers. Errors travel as data: structured clone drops class and code. */
export type ThreadReply =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly error: WireError }
  /** @param error what the handler threw; left out when the event is done. */
  | { readonly kind: 'ended'; readonly call: number; readonly error?: WireError }
  | ProfileReply;
