import type { DomainEvent } from '../events/domain-event.js';
import { onAbort } from '../kernel/on-abort.js';
import type { ConsumerContext } from './options.js';

/**
 * One try of one event that a thread is to make: the one that there is, or the next when that dies. While it waits for
 * a thread, its signal ends it; while it is on one, the signal is passed on, and the handler or the thread ends it.
 */
export class ThreadCall {
  readonly event: DomainEvent;
  readonly context: ConsumerContext;
  /** Has the thread that it is on hear of an abort; undefined while it waits for one. */
  passOn: ((reason: unknown) => void) | undefined;
  readonly #outcome = Promise.withResolvers<void>();
  #leave: () => void = () => {};
  #isOver = false;

  constructor(event: DomainEvent, context: ConsumerContext) {
    this.event = event;
    this.context = context;
    this.#leave = onAbort(context.signal, (reason) => {
      if (this.passOn) this.passOn(reason);
      else this.reject(reason);
    });
  }

  /** Resolves when the event is done. @throws what the handler threw; why it was not handled. */
  get outcome(): Promise<void> {
    return this.#outcome.promise;
  }

  /** Its outcome is known: no thread is to begin it any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  resolve(): void {
    this.#end();
    this.#outcome.resolve();
  }

  reject(error: unknown): void {
    this.#end();
    this.#outcome.reject(error);
  }

  #end(): void {
    this.#isOver = true;
    this.#leave();
  }
}
