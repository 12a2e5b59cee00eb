import { messageOf } from '../../kernel/thrown.js';
import type { SampledThread, ThreadWatch } from '../../sampling/sampled-thread.js';
import type { ProfileOrder, ThreadReading } from '../../sampling/thread-profiler.js';
import type { ThreadRecord } from './assemble.js';

interface JoinedThread extends ThreadRecord {
  reading?: ThreadReading | undefined;
  missing?: string | undefined;
}

/** Threads that are being profiled: those that were there at the start, and those that came later. */
export class ThreadProfiles implements ThreadWatch {
  readonly #order: Extract<ProfileOrder, { do: 'start' }>;
  readonly #records = new Map<SampledThread, JoinedThread>();
  readonly #names = new Map<string, number>();

  constructor(order: Extract<ProfileOrder, { do: 'start' }>) {
    this.#order = order;
  }

  async join(thread: SampledThread): Promise<void> {
    if (this.#records.has(thread)) return;
    const { role, number } = thread;
    const record: JoinedThread = {
      name: this.#nameOf(thread),
      role,
      ...(number !== undefined && { lane: number }),
    };
    this.#records.set(thread, record);
    try {
      await thread.profile(this.#order);
    } catch (error) {
      record.missing = `It could not be profiled: ${messageOf(error)}`;
    }
  }

  left(thread: SampledThread, error: Error | undefined): void {
    const record = this.#records.get(thread);
    if (!record || record.reading) return;
    const what = thread.role === 'lane' ? 'lane' : 'thread';
    record.missing ??= error?.message ?? `The ${what} was ended meanwhile.`;
  }

  /** Ends the sampling, and returns what every thread has recorded. */
  async take(): Promise<readonly ThreadRecord[]> {
    await Promise.all(
      [...this.#records].map(async ([thread, record]) => {
        if (record.missing !== undefined) return;
        try {
          record.reading = await thread.profile({ do: 'stop' });
        } catch (error) {
          record.missing ??= messageOf(error);
        }
      }),
    );
    return [...this.#records.values()];
  }

  /** The thread that took the place of `lane-0` is `lane-0-2`. */
  #nameOf({ name }: SampledThread): string {
    const count = (this.#names.get(name) ?? 0) + 1;
    this.#names.set(name, count);
    return count === 1 ? name : `${name}-${count}`;
  }
}
