import { TAIL_EVENTS } from '../../limits.js';

/**
 * The newest events of each aggregate, as chains: for each position the one before it in the same aggregate. So
 * an aggregate's events that the writer has not indexed yet are found without scanning the log.
 */
export class Tail {
  readonly #previous = new Float64Array(TAIL_EVENTS);
  readonly #first: number;
  #last: number;

  /** @param last the last position that is not in the tail. */
  constructor(last: number) {
    this.#first = last + 1;
    this.#last = last;
  }

  /** Adds the event at the next position. */
  add(position: number, previous: number): void {
    this.#previous[position % TAIL_EVENTS] = previous;
    this.#last = position;
  }

  /** Positions of an aggregate after `after`, in order; undefined when the tail does not reach back so far. */
  positionsOf(lastPosition: number, after: number): readonly number[] | undefined {
    if (after + 1 < this.#first || this.#last - after > TAIL_EVENTS) return undefined;
    const positions: number[] = [];
    for (
      let position = lastPosition;
      position > after;
      position = this.#previous[position % TAIL_EVENTS] as number
    ) {
      positions.push(position);
    }
    return positions.reverse();
  }
}
