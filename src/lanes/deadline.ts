import { steadyNow } from '../kernel/clock.js';
import { HandlerTimeoutError } from '../kernel/errors.js';

/**
 * How long a handler may still take for an event. The signal is the friendly half: it aborts when the time is
 * over. Reading it looks at the clock, so that a handler in a loop, in which no timer can fire, sees it too.
 */
export class Deadline {
  /** Milliseconds of the steady clock. */
  readonly at: number;
  readonly #milliseconds: number;
  readonly #handler: string;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(milliseconds: number, handler: string) {
    this.at = steadyNow() + milliseconds;
    this.#milliseconds = milliseconds;
    this.#handler = handler;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (steadyNow() >= this.at) this.#abort();
    return this.#controller.signal;
  }

  /** The handler is being awaited: timers can fire. `passed` is called when the thread is free to see the end. */
  arm(passed: () => void): void {
    const end = () => {
      passed();
      this.#abort();
    };
    this.#timer = setTimeout(end, Math.max(0, this.at - steadyNow()));
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #abort(): void {
    this.#controller ??= new AbortController();
    if (this.#controller.signal.aborted) return;
    this.#controller.abort(
      new HandlerTimeoutError(
        `Handlers '${this.#handler}' took longer than their ${this.#milliseconds} ms. Make the work shorter, or raise timeoutMs.`,
        { details: { handler: this.#handler, timeoutMs: this.#milliseconds } },
      ),
    );
  }
}
