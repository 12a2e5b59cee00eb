import { BadRecord } from './import-record.js';

/** Positions that follow each other in both numberings. */
interface Stretch {
  readonly old: number;
  readonly own: number;
}

/**
 * Numbers the events of an import from 1 on without gaps, and knows which number each had. Of a whole export all
 * stay as they were, which takes no memory; of a part there is one stretch for each gap.
 */
export class NewPositions {
  readonly #stretches: Stretch[] = [];
  #old = 0;
  /** The position that was given last. */
  last = 0;

  /** The position of the next event. @throws BadRecord when it does not come behind the one before. */
  next(old: number): number {
    if (old <= this.#old) {
      throw new BadRecord(
        `has position ${old}, and the one before it has ${this.#old}: they are out of order`,
      );
    }
    this.last++;
    if (old !== this.#old + 1 || this.last === 1) this.#stretches.push({ old, own: this.last });
    this.#old = old;
    return this.last;
  }

  /** The position of an event that came before; 0 when it is not part of the import. */
  of(old: number): number {
    if (old === 0) return 0;
    let low = 0;
    let high = this.#stretches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#stretches[middle] as Stretch).old <= old) low = middle + 1;
      else high = middle;
    }
    const stretch = this.#stretches[low - 1];
    if (!stretch) return 0;
    const own = stretch.own + old - stretch.old;
    const end = this.#stretches[low]?.own ?? this.last + 1;
    return own < end ? own : 0;
  }
}
