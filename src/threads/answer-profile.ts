import { encodeError, type WireError } from '../kernel/error-codec.js';
import type { ProfileOrder, ThreadReading } from '../sampling/thread-profiler.js';

/** What a thread is asked for its part of a profile. Several may be under way: `question` says which one an answer is for. */
export interface ProfileRequest {
  readonly kind: 'profile';
  readonly question: number;
  readonly order: ProfileOrder;
}

/** What it answers. */
export type ProfileReply =
  | { readonly kind: 'profiled'; readonly question: number; readonly reading: ThreadReading | undefined }
  | { readonly kind: 'unprofiled'; readonly question: number; readonly error: WireError };

/** On the thread: does what it is asked for, and answers. Never rejects. */
export async function answerProfile(
  { question, order }: ProfileRequest,
  obey: (order: ProfileOrder) => Promise<ThreadReading | undefined>,
  reply: (reply: ProfileReply) => void,
): Promise<void> {
  try {
    reply({ kind: 'profiled', question, reading: await obey(order) });
  } catch (error) {
    reply({ kind: 'unprofiled', question, error: encodeError(error) });
  }
}
