import type { OpenSegment } from './body.js';
import { KEPT_BYTES } from './limits.js';

/** What a kept segment takes besides its bytes. */
const OBJECT_BYTES = 256;

/**
 * Segments that were read lately: what one says never changes, however they are packed. A segment may overlap with one
 * of before it was packed, or with the packed one.
 */
export class KeptSegments {
  /** In the order of their first positions. */
  readonly #all: OpenSegment[] = [];
  /** In the order in which they were read. */
  readonly #read = new Set<OpenSegment>();
  #bytes = 0;
  #last: OpenSegment | undefined;

  /**
   * Keeps one until another one is: for what is read in order. It is not likely to be wanted again but for what is left of it, and
   * keeping a log that is read whole takes a tenth of the time that reading it does.
   */
  pass(segment: OpenSegment): OpenSegment {
    this.#last = segment;
    return segment;
  }

  /** The one that has a position, if there is one. */
  at(position: number): OpenSegment | undefined {
    if (holds(this.#last, position)) return this.#last;
    const segment = this.#all[this.#placeOf(position + 1) - 1];
    if (!holds(segment, position)) return undefined;
    this.#read.delete(segment);
    this.#read.add(segment);
    this.#last = segment;
    return segment;
  }

  /** Keeps one in the place of those that were not read for longest. @returns it. */
  keep(segment: OpenSegment): OpenSegment {
    this.#last = segment;
    const place = this.#placeOf(segment.first);
    const before = this.#all[place];
    if (before?.first === segment.first) this.#forget(before);
    this.#all.splice(place, 0, segment);
    this.#read.add(segment);
    this.#bytes += segment.body.length + OBJECT_BYTES;
    for (const oldest of this.#read) {
      if (this.#bytes <= KEPT_BYTES) break;
      this.#forget(oldest);
    }
    return segment;
  }

  #forget(segment: OpenSegment): void {
    this.#read.delete(segment);
    this.#all.splice(this.#placeOf(segment.first), 1);
    this.#bytes -= segment.body.length + OBJECT_BYTES;
  }

  /** The first place of a segment that begins at a position or behind. */
  #placeOf(position: number): number {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#all[middle] as OpenSegment).first < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function holds(segment: OpenSegment | undefined, position: number): segment is OpenSegment {
  return segment !== undefined && position >= segment.first && position < segment.first + segment.count;
}
