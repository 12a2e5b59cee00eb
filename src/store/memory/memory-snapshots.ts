import { MEMORY_SNAPSHOT_BYTES } from '../limits.js';
import type { SnapshotChange, StoredSnapshot } from '../snapshot.js';

/** The snapshots of a log in memory: those that were made last, as many as there is room for. */
export class MemorySnapshots {
  readonly #snapshots = new Map<number, StoredSnapshot>();
  #bytes = 0;

  apply(change: SnapshotChange): void {
    for (const snapshot of change) {
      this.#drop(snapshot.aggregate);
      this.#snapshots.set(snapshot.aggregate, snapshot);
      this.#bytes += bytesOf(snapshot);
    }
    for (const aggregate of this.#snapshots.keys()) {
      if (this.#bytes <= MEMORY_SNAPSHOT_BYTES) break;
      this.#drop(aggregate);
    }
  }

  find(aggregate: number): StoredSnapshot | undefined {
    return this.#snapshots.get(aggregate);
  }

  all(): Iterable<StoredSnapshot> {
    return this.#snapshots.values();
  }

  clear(): void {
    this.#snapshots.clear();
    this.#bytes = 0;
  }

  #drop(aggregate: number): void {
    const known = this.#snapshots.get(aggregate);
    if (!known) return;
    this.#snapshots.delete(aggregate);
    this.#bytes -= bytesOf(known);
  }
}

function bytesOf({ state, notes }: StoredSnapshot): number {
  return state.length + notes.length;
}
