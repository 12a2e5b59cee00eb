import { SECOND_INTERRUPT_MS } from '../limits.js';

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Exit code of a command that was ended by a signal: 128 plus the signal's number. */
export type InterruptCode = (typeof SIGNALS)[keyof typeof SIGNALS];

/** The first Ctrl-C or SIGTERM aborts `signal`; a second one ends the process at once. Dispose it afterwards. */
export class Interrupts implements Disposable {
  readonly #controller = new AbortController();
  readonly #onFirst: () => void;
  #code: InterruptCode | undefined;
  #first = 0;

  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    for (const name of Object.keys(SIGNALS)) process.on(name, this.#received);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code that the signal asks for; undefined while there was none. */
  get code(): InterruptCode | undefined {
    return this.#code;
  }

  readonly #received = (name: keyof typeof SIGNALS): void => {
    const now = performance.now();
    if (this.#code === undefined) {
      this.#code = SIGNALS[name];
      this.#first = now;
      this.#onFirst();
      this.#controller.abort();
    } else if (now - this.#first >= SECOND_INTERRUPT_MS) {
      process.exit(this.#code);
    }
  };

  [Symbol.dispose](): void {
    for (const name of Object.keys(SIGNALS)) process.off(name, this.#received);
  }
}
