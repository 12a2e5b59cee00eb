import { Codec } from '../events/codec.js';
import { decodeError } from '../kernel/error-codec.js';
import { MAX_MEMORY_FAILED_EVENTS, MAX_MEMORY_PROCESSING_ROWS } from '../limits.js';
import type { FailedRecord, NewEntry, ProcessingEntry, ProcessingRows, RowRange } from './processing-rows.js';

const codec = new Codec();

/** An entry as it is kept: encoded, as it would be in a file. */
type KeptEntry = NewEntry & Pick<ProcessingEntry, 'number'>;

/** The processing log and the failed events of a bus without a store: no file, and no SQLite. */
export class MemoryTables implements ProcessingRows {
  #entries: KeptEntry[] = [];
  readonly #failed = new Map<number, FailedRecord>();
  #lastNumber = 0;

  add(entry: NewEntry): void {
    this.#entries.push({ ...entry, number: ++this.#lastNumber });
  }

  fail(record: FailedRecord): void {
    this.#failed.set(record.position, record);
  }

  unfail(position: number): void {
    this.#failed.delete(position);
  }

  entries(position: number | undefined, { after, limit }: RowRange): ProcessingEntry[] {
    return this.#entries
      .filter((entry) => entry.number > after && (position === undefined || entry.position === position))
      .slice(0, limit)
      .map(({ result, error, ...entry }) => ({
        ...entry,
        result: result === undefined ? undefined : codec.unpack(Buffer.from(result)),
        error: error === undefined ? undefined : decodeError(error),
      }));
  }

  failures({ after, limit }: RowRange): FailedRecord[] {
    return this.#failures()
      .filter(({ position }) => position > after)
      .slice(0, limit);
  }

  failure(position: number): FailedRecord | undefined {
    return this.#failed.get(position);
  }

  get failedCount(): number {
    return this.#failed.size;
  }

  dropEntries(before: number): number {
    const kept = this.#entries.filter(({ position }) => position >= before);
    const dropped = this.#entries.length - kept.length;
    this.#entries = kept;
    return dropped;
  }

  /** What lies in memory is bounded: the oldest rows go. Called when rows were written. */
  dropOldest(): void {
    const surplus = this.#entries.length - MAX_MEMORY_PROCESSING_ROWS;
    if (surplus > 0) this.#entries.splice(0, surplus);
    const failures = this.#failed.size - MAX_MEMORY_FAILED_EVENTS;
    if (failures <= 0) return;
    for (const { position } of this.#failures().slice(0, failures)) this.#failed.delete(position);
  }

  #failures(): FailedRecord[] {
    return [...this.#failed.values()].sort((a, b) => a.position - b.position);
  }
}
