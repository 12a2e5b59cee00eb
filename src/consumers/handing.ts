import type { DomainEvent } from '../events/domain-event.js';
import { ConsumerStoppedError, HandlerError } from '../kernel/errors.js';
import { onAbort } from '../kernel/on-abort.js';
import type { Consumer } from './consumer.js';
import type { ConsumerOptions } from './options.js';
import { Turns } from './turns.js';

/** Starts a consumer. */
export type StartConsumer = (options: ConsumerOptions) => Promise<Consumer>;

/** An event that is being looked at, and how it becomes done. */
interface Handed {
  readonly event: DomainEvent;
  readonly done: () => void;
}

/**
 * A consumer whose handler is a loop: it has one event in hand at a time, which is done when the next one is asked for. Who
 * leaves the loop gets the event in hand again the next time.
 */
export class Handing extends Turns<DomainEvent> {
  readonly #options: ConsumerOptions;
  readonly #start: StartConsumer;
  readonly #engineFailure: () => Error | undefined;
  readonly #unheard: () => void;
  #consumer: Promise<Consumer> | undefined;
  #inHand: Handed | undefined;
  /** Handed by the consumer, and not asked for yet. */
  #ready: Handed | undefined;
  #wake: (() => void) | undefined;
  #isWatched = false;
  /** Why nothing is handed any more. */
  #stopped: { readonly error: Error } | undefined;

  constructor(
    options: Pick<ConsumerOptions, 'name' | 'from' | 'types'>,
    start: StartConsumer,
    engineFailure: () => Error | undefined,
    signal: AbortSignal | undefined,
  ) {
    super();
    this.#start = start;
    this.#engineFailure = engineFailure;
    this.#options = {
      ...options,
      // Nobody is there to be told of one that waits, so nothing is passed over.
      onFailure: 'stop',
      handle: (event, { signal: ending }) =>
        new Promise<void>((resolve, reject) => {
          const leave = onAbort(ending, (reason) => {
            this.#ready = undefined;
            reject(reason as Error);
          });
          this.#ready = {
            event,
            done: () => {
              leave();
              resolve();
            },
          };
          this.#wake?.();
        }),
    };
    this.#unheard = onAbort(signal, (reason) => this.end({ error: reason }));
  }

  protected override async step(): Promise<DomainEvent | undefined> {
    this.#consumer ??= this.#start(this.#options);
    const consumer = await this.#consumer.catch((error: unknown) => {
      this.end();
      throw error;
    });
    if (!this.#stopped) this.#watch(consumer);
    this.#inHand?.done();
    this.#inHand = undefined;
    while (!this.isEnded) {
      if (this.#ready) return this.#take(this.#ready);
      if (this.#stopped) this.#fault(this.#stopped.error);
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
    return undefined;
  }

  protected override async ended(): Promise<void> {
    this.#unheard();
    this.#wake?.();
    const consumer = await this.#consumer?.catch(() => undefined);
    await consumer?.end();
  }

  #take(handed: Handed): DomainEvent {
    this.#ready = undefined;
    this.#inHand = handed;
    return handed.event;
  }

  /** A position that no log reaches: what is waited for is that the consumer stops, whatever stops it. */
  #watch(consumer: Consumer): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    consumer.whenCaughtUp(Number.MAX_SAFE_INTEGER).catch((error: Error) => {
      this.#isWatched = false;
      this.#stopped = { error };
      this.#wake?.();
    });
  }

  /** @throws what has stopped the consumer; nothing when it was only stopped, as at the end of the engine. */
  #fault(error: Error): void {
    this.#stopped = undefined;
    // The consumer goes on by itself when the engine has recovered.
    if (this.#engineFailure()) throw error;
    this.end();
    if (!(error instanceof ConsumerStoppedError)) throw error;
    const { cause } = error;
    // A loop has no handler: what it has failed on is the event itself.
    if (cause instanceof HandlerError && cause.cause instanceof Error) throw cause.cause;
    if (cause instanceof Error) throw cause;
  }
}
