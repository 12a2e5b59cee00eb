import type { NewEvent } from '../../events/define-event.js';
import { abortable } from '../../kernel/on-abort.js';
import { turn } from '../../kernel/turn.js';
import { PUBLISH_MANY_YIELD } from '../../limits.js';
import type { ManyReceipt } from '../options.js';
import type { Taker } from '../sequence/hub-slab.js';
import type { Prepared } from '../sequence/row-facts.js';
import type { Call } from './call.js';
import type { IntakeParts } from './intake-flow.js';
import { kept } from './prepare.js';

/**
 * The events of one `publishMany` call on their way in. It keeps counts instead of a promise for each event.
 */
export class Intake implements Taker {
  readonly #parts: IntakeParts;
  /** The call whose events they are, when it waits until they are handled. */
  readonly #call: Call | undefined;
  taken = 0;
  #accepted = 0;
  #first = 0;
  #last = 0;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(parts: IntakeParts, call?: Call) {
    this.#parts = parts;
    this.#call = call;
  }

  /**
   * Takes one event in; returns a promise only when there is no room yet.
   *
   * @throws what refused it at once; EngineFailedError when the engine has failed since the first one, also when it
   * has recovered by now: what became of those before is not known here.
   */
  take(event: Prepared, signal: AbortSignal | undefined): Promise<void> | undefined {
    const { entrance, hub } = this.#parts;
    if (hub.failure) throw hub.failure;
    if (this.#failure !== undefined) throw this.#failure;
    this.taken++;
    if (!entrance.admission.isOpen) {
      const waiting = kept(event);
      return entrance.whenRoom(() => this.#submit(waiting), signal, { wave: this.#call?.wave });
    }
    this.#submit(event);
    return undefined;
  }

  /** Takes all of them in, in order; `prepare` checks each one when its turn comes. */
  async takeAll(
    events: Iterable<NewEvent> | AsyncIterable<NewEvent>,
    prepare: (event: NewEvent) => Prepared,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (Symbol.asyncIterator in events) {
      for await (const event of abortable(events, signal)) await this.take(prepare(event), signal);
      return;
    }
    for (const event of events) {
      const full = this.take(prepare(event), signal);
      if (full) await full;
      if (this.taken % PUBLISH_MANY_YIELD !== 0) continue;
      this.#parts.hub.flush();
      await turn();
    }
  }

  /** Resolves when every event has its number. Rejects with the first error of one that was held back. */
  async finish(): Promise<ManyReceipt> {
    if (this.#accepted < this.taken && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
    const { failure } = this.#parts.hub;
    if (this.taken > 0 && failure) throw failure;
    return { count: this.taken, firstPosition: this.#first, lastPosition: this.#last };
  }

  #submit(event: Prepared): void {
    const { entrance } = this.#parts;
    if (!entrance.mustWait(event)) {
      this.#accept(event);
      return;
    }
    entrance.whenQuiet(kept(event), this, true, this.#call?.wave);
  }

  /** An event that had to wait for its key comes in. */
  accept(event: Prepared): void {
    this.#accept(event);
    if (this.#accepted === this.taken) this.#wake?.();
  }

  /** An event that had to wait for its key never comes in. */
  refuse(error: unknown): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  #accept(event: Prepared): void {
    this.#last = this.#parts.hub.accept(event, this.#call?.wave);
    if (this.#accepted === 0) this.#first = this.#last;
    this.#accepted++;
  }
}
