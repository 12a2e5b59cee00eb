import type { Hub } from './hub.js';
import type { ManyReceipt } from './options.js';
import type { Prepared } from './prepare.js';

/**
 * The events of one `publishMany` call on their way in. It keeps counts instead of a promise for each event.
 */
export class Intake {
  readonly #hub: Hub;
  taken = 0;
  #accepted = 0;
  #first = 0;
  #last = 0;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** Takes one event in; returns a promise only when there is no room yet. @throws what refused it at once. */
  take(event: Prepared, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    this.taken++;
    if (!this.#hub.admission.isOpen) return this.#hub.admission.enter(() => this.#submit(event), signal);
    this.#submit(event);
    return undefined;
  }

  /** Resolves when every event has its number. Rejects with the first error of one that was held back. */
  async finish(): Promise<ManyReceipt> {
    if (this.#accepted < this.taken && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
    return { count: this.taken, firstPosition: this.#first, lastPosition: this.#last };
  }

  #submit(event: Prepared): void {
    if (!this.#hub.mustWait(event.partitionKey)) {
      this.#accept(event);
      return;
    }
    this.#hub.whenQuiet(
      event.partitionKey,
      () => {
        this.#accept(event);
        if (this.#accepted === this.taken) this.#wake?.();
      },
      (error) => {
        this.#failure ??= error;
        this.#wake?.();
      },
      event,
    );
  }

  #accept(event: Prepared): void {
    this.#last = this.#hub.accept(event);
    if (this.#accepted === 0) this.#first = this.#last;
    this.#accepted++;
  }
}
