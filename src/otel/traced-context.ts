import { type Context, context, trace } from '@opentelemetry/api';
import type { NewEvent } from '../events/define-event.js';
import type { HandlerContext } from '../lanes/handlers.js';
import { withCarrier } from '../observe/tracing.js';
import { carrierOf } from './carrier.js';

/** A handler's context whose emitted events carry the handler's span, or the one that is active inside it. */
export class TracedContext implements HandlerContext {
  readonly #inner: HandlerContext;
  readonly #own: Context;

  constructor(inner: HandlerContext, own: Context) {
    this.#inner = inner;
    this.#own = own;
  }

  emit(event: NewEvent): void {
    const active = context.active();
    // Without a context manager nothing is ever active.
    const carrier = carrierOf(trace.getSpan(active) ? active : this.#own);
    this.#inner.emit({ ...event, options: withCarrier(event?.options, carrier) });
  }

  now(): number {
    return this.#inner.now();
  }

  random(): number {
    return this.#inner.random();
  }

  get shared(): Readonly<Record<string, unknown>> {
    return this.#inner.shared;
  }

  get lane(): number {
    return this.#inner.lane;
  }

  get attempt(): number {
    return this.#inner.attempt;
  }

  get signal(): AbortSignal {
    return this.#inner.signal;
  }
}
