import { type NewEvent, plainEventOptions } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { HandlerTimeoutError } from '../kernel/errors.js';
import { isThenable } from '../kernel/thenable.js';
import { TIMEOUT_GRACE_MS } from '../limits.js';
import { SLOW_CALLS_SHOWN } from './limits.js';
import type { BusHandlerContext } from './options.js';
import type { Subscriber } from './subscribers.js';

/** What a call needs of the bus. */
export interface CallParts {
  /** @param cause the event whose subscriber publishes. */
  publish(event: NewEvent, cause: DomainEvent): Promise<unknown>;
  readonly calls: Calls;
}

/** One try of one subscriber: what it sees as its context, and what is known of it while it is under way. */
export class Call implements BusHandlerContext {
  readonly attempt: number;
  readonly subscriber: Subscriber;
  readonly event: DomainEvent;
  readonly began = performance.now();
  readonly #parts: CallParts;
  /** What the handler published: a try that could not publish has failed, whether the handler waited or not. */
  #published: Promise<unknown>[] | undefined;
  #controller: AbortController | undefined;
  /** Why the bus waits for this call no more. */
  #over: Error | undefined;

  constructor(attempt: number, subscriber: Subscriber, event: DomainEvent, parts: CallParts) {
    this.attempt = attempt;
    this.subscriber = subscriber;
    this.event = event;
    this.#parts = parts;
  }

  /** Made when it is asked for: most handlers never look. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#over) this.#controller.abort(this.#over);
    return this.#controller.signal;
  }

  publish(event: NewEvent): Promise<unknown> {
    const published = this.#over ? Promise.reject(this.#over) : this.#publish(event);
    this.#published ??= [];
    this.#published.push(published);
    // The handler may not look at it before its own end; nobody may call that an unhandled rejection.
    published.catch(() => {});
    return published;
  }

  /** Calls the subscriber. @throws what it throws; HandlerTimeoutError when it takes too long. */
  run(): Promise<void> | undefined {
    const result = this.subscriber.handle(this.event as never, this);
    if (!isThenable(result) && !this.#published) return undefined;
    const ended = this.#end(result);
    const { calls } = this.#parts;
    calls.add(this);
    const leave = () => calls.delete(this);
    ended.then(leave, leave);
    const { timeoutMs } = this.subscriber;
    return timeoutMs === undefined ? ended : this.#within(timeoutMs, ended);
  }

  /** The bus waits no more: the handler's signal aborts, and it can publish nothing. */
  abort(reason: Error): void {
    this.#over ??= reason;
    this.#controller?.abort(this.#over);
  }

  async #end(result: unknown): Promise<void> {
    await result;
    if (this.#published) await Promise.all(this.#published);
  }

  #publish(event: NewEvent): Promise<unknown> {
    const { id: causationId, metadata } = this.event;
    const { correlationId } = metadata;
    const options = { causationId, correlationId, ...plainEventOptions(event.options) };
    return this.#parts.publish({ ...event, options }, this.event);
  }

  /** A function cannot be ended from outside. After its time, and a little more to notice its signal, it is left alone. */
  async #within(timeoutMs: number, ended: Promise<void>): Promise<void> {
    const { promise: over, reject } = Promise.withResolvers<never>();
    const late = () => {
      const { type, position } = this.event;
      const { name } = this.subscriber;
      const error = new HandlerTimeoutError(
        `The subscriber ${name} of '${type}' took longer than ${timeoutMs} ms at position ${position}.`,
        { details: { type, position, handler: name, timeoutMs } },
      );
      this.abort(error);
      timer = setTimeout(() => reject(error), TIMEOUT_GRACE_MS);
    };
    let timer = setTimeout(late, timeoutMs);
    try {
      await Promise.race([ended, over]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The calls that are under way, those that the bus waits for no more included, oldest first. */
export class Calls extends Set<Call> {
  /** Called with each call that is not over at once. */
  onBusy: () => void = () => {};

  override add(call: Call): this {
    super.add(call);
    this.onBusy();
    return this;
  }

  /** The bus stops, and waits for nobody. */
  abort(reason: Error): void {
    for (const call of this) call.abort(reason);
  }

  /** Says in words which calls have been under way for so many milliseconds; undefined when none has. */
  slowerThan(milliseconds: number): string | undefined {
    const now = performance.now();
    const slow = [...this].filter(({ began }) => now - began >= milliseconds);
    const [oldest] = slow;
    if (!oldest) return undefined;
    const shown = slow
      .slice(0, SLOW_CALLS_SHOWN)
      .map(({ subscriber, event }) => `${subscriber.name} with ${event.type} at position ${event.position}`);
    if (slow.length > shown.length) shown.push(`${slow.length - shown.length} more`);
    const seconds = Math.floor((now - oldest.began) / 1000);
    const who = slow.length === 1 ? '1 subscriber is' : `${slow.length} subscribers are`;
    return `${who} under way for up to ${seconds} s: ${shown.join(', ')}. Its keys wait; timeoutMs ends such a wait.`;
  }
}
