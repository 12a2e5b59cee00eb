import { MAX_MEMORY_DEAD_LETTERS } from '../../limits.js';
import {
  type DeadLetterChange,
  type DeadLetterRange,
  type DeadLetterRecord,
  type DeadLetterState,
  joined,
  without,
} from '../dead-letter.js';
import type { RawEvent } from '../store.js';

interface Kept {
  readonly record: DeadLetterRecord;
  /** Undefined: it was no longer kept when the letter came. */
  readonly event: RawEvent | undefined;
}

/**
 * The dead letters of a log without a file, each with its event, because the log itself forgets old events. Of
 * too many the oldest skipped ones are dropped; parked ones never are, since their keys wait behind them.
 */
export class MemoryDeadLetters {
  /** In the order in which they came. */
  readonly #byState: Readonly<Record<DeadLetterState, Map<number, Kept>>> = {
    parked: new Map(),
    skipped: new Map(),
  };

  apply({ put, remove }: DeadLetterChange, eventAt: (position: number) => RawEvent | undefined): void {
    for (const settled of remove) {
      const kept = this.#kept(settled.position);
      const left = kept && without(kept.record, settled);
      if (left) this.#byState[left.state].set(left.position, { ...kept, record: left });
      else this.#remove(settled.position);
    }
    for (const letter of put) {
      const record = joined(this.find(letter.position), letter);
      const event = this.eventOf(record.position) ?? eventAt(record.position);
      this.#remove(record.position);
      this.#byState[record.state].set(record.position, { record, event });
    }
    const { parked, skipped } = this.#byState;
    for (const position of skipped.keys()) {
      if (parked.size + skipped.size <= MAX_MEMORY_DEAD_LETTERS) break;
      skipped.delete(position);
    }
  }

  page({ after, limit }: DeadLetterRange): readonly DeadLetterRecord[] {
    const { parked, skipped } = this.#byState;
    return [...parked.values(), ...skipped.values()]
      .map(({ record }) => record)
      .filter(({ position }) => position > after)
      .sort((a, b) => a.position - b.position)
      .slice(0, limit);
  }

  find(position: number): DeadLetterRecord | undefined {
    return this.#kept(position)?.record;
  }

  /** The event of a dead letter. */
  eventOf(position: number): RawEvent | undefined {
    return this.#kept(position)?.event;
  }

  clear(): void {
    for (const letters of Object.values(this.#byState)) letters.clear();
  }

  #kept(position: number): Kept | undefined {
    return this.#byState.parked.get(position) ?? this.#byState.skipped.get(position);
  }

  #remove(position: number): void {
    for (const letters of Object.values(this.#byState)) letters.delete(position);
  }
}
