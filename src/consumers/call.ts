import type { ConsumerContext } from './options.js';

/** One try of one event, as its handler sees it. */
export class ConsumerCall implements ConsumerContext {
  readonly consumer: string;
  readonly attempt: number;
  #controller: AbortController | undefined;
  #over: { readonly reason: Error } | undefined;

  constructor(consumer: string, attempt: number) {
    this.consumer = consumer;
    this.attempt = attempt;
  }

  /** Made when it is asked for: most handlers never look. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#over) this.#controller.abort(this.#over.reason);
    return this.#controller.signal;
  }

  /** The consumer is being ended. */
  abort(reason: Error): void {
    this.#over = { reason };
    this.#controller?.abort(reason);
  }
}
