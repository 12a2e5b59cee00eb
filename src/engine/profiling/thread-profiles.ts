import { messageOf } from '../../kernel/thrown.js';
import type { SampledThread, ThreadWatch } from '../../sampling/sampled-thread.js';
import { ThreadNames } from '../../sampling/thread-names.js';
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
  readonly #readings = new Map<SampledThread, Promise<void>>();
  readonly #names = new ThreadNames();

  constructor(order: Extract<ProfileOrder, { do: 'start' }>) {
    this.#order = order;
  }

  async join(thread: SampledThread): Promise<void> {
    if (this.#records.has(thread)) return;
    const { role, number } = thread;
    const record: JoinedThread = {
      name: this.#names.of(thread.name),
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

  async leave(thread: SampledThread): Promise<void> {
    const record = this.#records.get(thread);
    if (record) await this.#read(thread, record);
  }

  left(thread: SampledThread, error: Error | undefined): void {
    const record = this.#records.get(thread);
    if (!record || record.reading) return;
    const what = thread.role === 'lane' ? 'lane' : 'thread';
    record.missing ??= error?.message ?? `The ${what} was ended meanwhile.`;
  }

  /** Ends the sampling, and returns what every thread has recorded. */
  async take(): Promise<readonly ThreadRecord[]> {
    await Promise.all([...this.#records].map(([thread, record]) => this.#read(thread, record)));
    return [...this.#records.values()];
  }

  /** Once for each thread, though it may leave while the profile ends. */
  #read(thread: SampledThread, record: JoinedThread): Promise<void> {
    const known = this.#readings.get(thread);
    if (known) return known;
    const reading = readInto(record, thread);
    this.#readings.set(thread, reading);
    return reading;
  }
}

async function readInto(record: JoinedThread, thread: SampledThread): Promise<void> {
  if (record.missing !== undefined) return;
  try {
    record.reading = await thread.profile({ do: 'stop' });
  } catch (error) {
    record.missing ??= messageOf(error);
  }
}
