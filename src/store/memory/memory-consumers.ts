import { PROGRESS_CHUNK } from '../../limits.js';
import {
  BUS_CONSUMER,
  type ConsumerChange,
  type ConsumerFailureRecord,
  type StoredConsumer,
} from '../consumer.js';
import { MemoryProcessing } from './memory-processing.js';

interface Kept {
  mark: number;
  readonly chunks: Map<number, Uint8Array>;
  readonly failures: Map<number, ConsumerFailureRecord>;
}

/** The consumers of a log without a file. */
export class MemoryConsumers {
  readonly #consumers = new Map<string, Kept>();
  /** What the event bus among them has noted. */
  readonly processing = new MemoryProcessing();

  apply(change: ConsumerChange): void {
    const { kind, name } = change;
    if (kind !== 'update') this.#consumers.delete(name);
    if (kind === 'remove') {
      if (name === BUS_CONSUMER) this.processing.clear();
      return;
    }
    if (change.processing) this.processing.apply(change.processing);
    const kept = this.#consumers.get(name) ?? { mark: 0, chunks: new Map(), failures: new Map() };
    this.#consumers.set(name, kept);
    kept.mark = change.progress.mark;
    for (const index of kept.chunks.keys()) {
      if (index < Math.floor(kept.mark / PROGRESS_CHUNK)) kept.chunks.delete(index);
    }
    for (const { index, bits } of change.progress.chunks) kept.chunks.set(index, bits);
    for (const position of change.removed) kept.failures.delete(position);
    for (const failure of change.put) kept.failures.set(failure.position, failure);
  }

  /** All of them by name, or the one that is named. */
  all(name?: string): StoredConsumer[] {
    return [...this.#consumers]
      .filter(([own]) => name === undefined || own === name)
      .map(([own, { mark, chunks, failures }]) => ({
        name: own,
        progress: { mark, chunks: [...chunks].map(([index, bits]) => ({ index, bits })) },
        failures: [...failures.values()].sort((a, b) => a.position - b.position),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  clear(): void {
    this.#consumers.clear();
    this.processing.clear();
  }
}
