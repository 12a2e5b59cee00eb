import { PRESSURE_AT, PRESSURE_RELIEVED_AT } from '../limits.js';
import type { Fill, Notices } from './notices.js';

/** Warns once when the engine gets nearly full, and says when it is not any more. */
export class Pressure {
  readonly #measure: () => Fill;
  readonly #notices: Notices;
  #high = false;

  constructor(measure: () => Fill, notices: Notices) {
    this.#measure = measure;
    this.#notices = notices;
  }

  /** Share of the tighter limit that is used, 0 to 1 and above. */
  get share(): number {
    const { inFlight, maxInFlight, bytes, maxBytes } = this.#measure();
    return Math.max(inFlight / maxInFlight, bytes / maxBytes);
  }

  /** Looks at the fill. Called once a commit and once an answer, never once an event. */
  check(): void {
    const { share } = this;
    if (!this.#high && share >= PRESSURE_AT) {
      this.#high = true;
      this.#notices.send({ kind: 'pressure', ...this.#measure() });
    } else if (this.#high && share < PRESSURE_RELIEVED_AT) {
      this.#high = false;
      this.#notices.send({ kind: 'relieved', ...this.#measure() });
    }
  }
}
