import { PRESSURE_AT, PRESSURE_RELIEVED_AT } from '../../limits.js';
import type { Fill } from '../watch/notices.js';

/** Warns once when something gets nearly full, and says when it is not any more. */
export class Pressure {
  readonly #measure: () => number;
  readonly #tell: (kind: 'pressure' | 'relieved') => void;
  #high = false;

  /** @param measure the share that is used, 0 to 1 and above. */
  constructor(measure: () => number, tell: (kind: 'pressure' | 'relieved') => void) {
    this.#measure = measure;
    this.#tell = tell;
  }

  /** Whether it has warned, and not said since that it is over. */
  get isHigh(): boolean {
    return this.#high;
  }

  get share(): number {
    return this.#measure();
  }

  /** Looks at the fill. An engine does so once a commit and once an answer, never once an event. */
  check(): void {
    const { share } = this;
    if (this.#high ? share >= PRESSURE_RELIEVED_AT : share < PRESSURE_AT) return;
    this.#high = !this.#high;
    this.#tell(this.#high ? 'pressure' : 'relieved');
  }
}

/** Share of the tighter limit that is used. */
export function shareOf({ inFlight, maxInFlight, bytes, maxBytes }: Fill): number {
  return Math.max(inFlight / maxInFlight, bytes / maxBytes);
}
