import type { Time } from '../kernel/time.js';
import { CONSUMER_END_MS } from './limits.js';

/** Waits for handlers that have been told to end, and not longer than they may take for it. @throws what `late` makes */
export async function inTime(time: Time, ended: Promise<void>, late: () => Error): Promise<void> {
  const { promise, reject } = Promise.withResolvers<void>();
  const timer = time.set(() => reject(late()), CONSUMER_END_MS);
  try {
    await Promise.race([ended, promise]);
  } finally {
    time.clear(timer);
  }
}
