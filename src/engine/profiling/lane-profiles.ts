import { messageOf } from '../../kernel/thrown.js';
import type { ProfileOrder, ThreadReading } from '../../sampling/thread-profiler.js';
import type { LaneSeat } from '../dispatch/lane-seat.js';
import type { ThreadRecord } from './assemble.js';

interface LaneRecord extends ThreadRecord {
  /** `lane-0`; the lane that took its place is `lane-0-2`. */
  readonly name: string;
  readonly lane: number;
  reading?: ThreadReading | undefined;
  missing?: string | undefined;
}

/** Lanes that are being profiled: those that were there at the start, and those that came later. */
export class LaneProfiles {
  readonly #order: Extract<ProfileOrder, { do: 'start' }>;
  readonly #records = new Map<LaneSeat, LaneRecord>();

  constructor(order: Extract<ProfileOrder, { do: 'start' }>) {
    this.#order = order;
  }

  /** Has a lane sampled from now on. Never rejects: a lane that dies of it, dies as it would have anyhow. */
  async join(seat: LaneSeat): Promise<void> {
    if (this.#records.has(seat)) return;
    const record: LaneRecord = { name: this.#nameOf(seat.number), role: 'lane', lane: seat.number };
    this.#records.set(seat, record);
    try {
      await seat.lane.profile(this.#order);
    } catch (error) {
      record.missing = `It could not be profiled: ${messageOf(error)}`;
    }
  }

  /** The lane's thread ends, and takes what it recorded along. */
  left(seat: LaneSeat, error: Error | undefined): void {
    const record = this.#records.get(seat);
    if (record && !record.reading) record.missing ??= error?.message ?? 'The lane was ended meanwhile.';
  }

  /** Ends the sampling, and returns what every lane has recorded. */
  async take(): Promise<readonly ThreadRecord[]> {
    await Promise.all(
      [...this.#records].map(async ([seat, record]) => {
        if (record.missing !== undefined) return;
        try {
          record.reading = await seat.lane.profile({ do: 'stop' });
        } catch (error) {
          record.missing ??= messageOf(error);
        }
      }),
    );
    return [...this.#records.values()];
  }

  #nameOf(lane: number): string {
    const before = [...this.#records.values()].filter((record) => record.lane === lane).length;
    return before === 0 ? `lane-${lane}` : `lane-${lane}-${before + 1}`;
  }
}
