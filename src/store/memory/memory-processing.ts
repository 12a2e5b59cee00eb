import { Codec } from '../../events/codec.js';
import { decodeError } from '../../kernel/error-codec.js';
import { MAX_MEMORY_FAILED_EVENTS, MAX_MEMORY_PROCESSING_ROWS } from '../../limits.js';
import {
  type DroppedEntries,
  type EncodedEntry,
  type FailedRecord,
  isDropped,
  type ProcessingChange,
  type ProcessingEntry,
  type RowRange,
  type StoredProcessing,
} from '../processing.js';

const codec = new Codec();

/** What an event bus has noted in a log without a file. What lies in memory is bounded: the oldest rows go. */
export class MemoryProcessing implements StoredProcessing {
  #entries: EncodedEntry[] = [];
  readonly #failed = new Map<number, FailedRecord>();
  lastNumber = 0;

  apply(changes: readonly ProcessingChange[]): void {
    for (const change of changes) this.#apply(change);
    this.#dropOldest();
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

  countEntries(before: number, dropped: readonly DroppedEntries[]): number {
    return this.#entries.filter((entry) => entry.position < before && !isDropped(entry, dropped)).length;
  }

  failures({ after, limit }: RowRange): FailedRecord[] {
    return this.#sorted()
      .filter(({ position }) => position > after)
      .slice(0, limit);
  }

  failure(position: number): FailedRecord | undefined {
    return this.#failed.get(position);
  }

  get failedCount(): number {
    return this.#failed.size;
  }

  clear(): void {
    this.#entries = [];
    this.#failed.clear();
    this.lastNumber = 0;
  }

  #apply(change: ProcessingChange): void {
    switch (change.kind) {
      case 'entry':
        if (change.entry.number <= this.lastNumber) break;
        this.#entries.push(change.entry);
        this.lastNumber = change.entry.number;
        break;
      case 'fail':
        this.#failed.set(change.record.position, change.record);
        break;
      case 'unfail':
        this.#failed.delete(change.position);
        break;
      case 'drop':
        this.#entries = this.#entries.filter((entry) => !isDropped(entry, [change]));
        break;
    }
  }

  #dropOldest(): void {
    const surplus = this.#entries.length - MAX_MEMORY_PROCESSING_ROWS;
    if (surplus > 0) this.#entries.splice(0, surplus);
    const failures = this.#failed.size - MAX_MEMORY_FAILED_EVENTS;
    if (failures <= 0) return;
    for (const { position } of this.#sorted().slice(0, failures)) this.#failed.delete(position);
  }

  #sorted(): FailedRecord[] {
    return [...this.#failed.values()].sort((a, b) => a.position - b.position);
  }
}
