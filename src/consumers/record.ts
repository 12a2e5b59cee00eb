import type { ConsumerChange, ConsumerFailureRecord, StoredConsumer } from '../store/consumer.js';
import { Progress } from '../store/progress.js';
import { countFinished, withoutAbove } from '../store/progress-span.js';
import { MAX_CONSUMER_FAILURES } from './limits.js';

/** What a consumer is done with and what it failed on: in memory, ahead of the store by what `take` hands out. */
export class ConsumerRecord {
  readonly name: string;
  #progress: Progress;
  #done: number;
  readonly #failures: Map<number, ConsumerFailureRecord>;
  #parked: number;
  #put = new Map<number, ConsumerFailureRecord>();
  #removed = new Set<number>();
  /** What is stored is to be replaced as a whole. */
  #isReset = false;

  constructor({ name, progress, failures }: StoredConsumer) {
    this.name = name;
    this.#progress = new Progress(progress.mark, progress.chunks);
    this.#done = countFinished(progress);
    this.#failures = new Map(failures.map((failure) => [failure.position, failure]));
    this.#parked = failures.filter(({ state }) => state === 'parked').length;
  }

  /** A consumer that the store does not know yet. @param mark it begins behind this position. */
  static begin(name: string, mark: number): ConsumerRecord {
    const record = new ConsumerRecord({ name, progress: { mark, chunks: [] }, failures: [] });
    record.#isReset = true;
    return record;
  }

  /** Every position up to here is done. */
  get mark(): number {
    return this.#progress.mark;
  }

  /** How many positions are done. */
  get done(): number {
    return this.#done;
  }

  /** In position order. */
  get failures(): readonly ConsumerFailureRecord[] {
    return [...this.#failures.values()].sort((a, b) => a.position - b.position);
  }

  /** How many failed events are kept. */
  get failed(): number {
    return this.#failures.size;
  }

  /** How many of them are parked. */
  get parked(): number {
    return this.#parked;
  }

  failure(position: number): ConsumerFailureRecord | undefined {
    return this.#failures.get(position);
  }

  isDone(position: number): boolean {
    return this.#progress.isFinished(position);
  }

  /** The first position from `from` on that is not done. */
  nextUndone(from: number): number {
    return this.#progress.nextUnfinished(from);
  }

  finish(position: number): void {
    if (this.#progress.isFinished(position)) return;
    this.#progress.finish(position);
    this.#done++;
  }

  /** Keeps a failed event. Returns false when there are too many already: of skipped ones the oldest makes room. */
  fail(failure: ConsumerFailureRecord): boolean {
    if (this.#failures.size >= MAX_CONSUMER_FAILURES) {
      const oldest = this.failures.find(({ state }) => state === 'skipped');
      if (!oldest) return false;
      this.clear(oldest.position);
    }
    this.clear(failure.position);
    this.#failures.set(failure.position, failure);
    if (failure.state === 'parked') this.#parked++;
    this.#put.set(failure.position, failure);
    this.#removed.delete(failure.position);
    return true;
  }

  /** Forgets a failed event. */
  clear(position: number): void {
    if (this.#failures.get(position)?.state === 'parked') this.#parked--;
    this.#failures.delete(position);
    this.#put.delete(position);
    this.#removed.add(position);
  }

  /** Nothing from a position on is done any more; what is below stays as it is. */
  undo(from: number): void {
    const kept = withoutAbove(this.#progress.all(), from - 1);
    if (kept) {
      this.#progress = new Progress(kept.mark, kept.chunks);
      this.#done = countFinished(kept);
    }
    for (const position of [...this.#failures.keys()]) if (position >= from) this.clear(position);
    this.#isReset = true;
  }

  /** Everything below a position counts as done: it cannot be read any more. */
  leaveOut(before: number): void {
    for (let position = this.mark + 1; position < before; position++) this.finish(position);
    for (const position of [...this.#failures.keys()]) if (position < before) this.clear(position);
  }

  /** What is stored may not be what was taken: everything is written anew. */
  rewrite(): void {
    this.#isReset = true;
  }

  /** What changed since the last call, for the next transaction. */
  take(): Exclude<ConsumerChange, { readonly kind: 'remove' }> {
    const { name } = this;
    const change: ReturnType<ConsumerRecord['take']> = this.#isReset
      ? { kind: 'reset', name, progress: this.#progress.all(), put: this.failures, removed: [] }
      : {
          kind: 'update',
          name,
          progress: this.#progress.take(),
          put: [...this.#put.values()],
          removed: [...this.#removed],
        };
    if (this.#isReset) this.#progress.take();
    this.#isReset = false;
    this.#put = new Map();
    this.#removed = new Set();
    return change;
  }
}
