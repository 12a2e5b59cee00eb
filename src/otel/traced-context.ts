import { type Context, context, trace } from '@opentelemetry/api';
import type { AnyEventType, NewEvent } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { guarded } from '../kernel/guarded.js';
import type { AnyAggregate } from '../lanes/aggregates/define-aggregate.js';
import type { LaneContext } from '../lanes/context.js';
import type { HandlerContext } from '../lanes/handlers.js';
import { HELD, type HeldStates, type StateContext } from '../lanes/states/define-state.js';
import type { ScheduleOptions, TimerTime } from '../lanes/timers/timer-time.js';
import { type TraceCarrier, textsOf, withCarrier } from '../observe/tracing.js';
import { carrierOf } from './carrier.js';

/** A handler's context whose emitted events carry the handler's span, or the one that is active inside it. */
export class TracedContext implements HandlerContext, StateContext {
  readonly #inner: HandlerContext;
  readonly #own: Context;
  readonly #failed: () => void;

  /** @param failed told when the tracer throws: the event is emitted without a context then. */
  constructor(inner: HandlerContext, own: Context, failed: () => void) {
    this.#failed = failed;
    this.#inner = inner;
    this.#own = own;
  }

  emit(event: NewEvent): void {
    const carrier = guarded(() => this.#carrier(), this.#failed);
    this.#inner.emit({ ...event, options: withCarrier(event?.options, carrier) });
  }

  schedule(event: NewEvent, at: TimerTime, options?: ScheduleOptions): void {
    const carrier = guarded(() => this.#carrier(), this.#failed);
    this.#inner.schedule({ ...event, options: withCarrier(event?.options, carrier) }, at, options);
  }

  execute(aggregate: AnyAggregate, aggregateId: string, command: string, input: unknown): void {
    const carrier = guarded(() => this.#carrier(), this.#failed);
    const inner = this.#inner as Pick<LaneContext, 'execute'>;
    inner.execute(aggregate, aggregateId, command, input, carrier);
  }

  cancel(name: string | AnyEventType): void {
    this.#inner.cancel(name);
  }

  #carrier(): TraceCarrier | undefined {
    const active = context.active();
    // Without a context manager nothing is ever active.
    return textsOf(carrierOf(trace.getSpan(active) ? active : this.#own));
  }

  history(aggregateId: string): AsyncIterable<DomainEvent> {
    return this.#inner.history(aggregateId);
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

  get [HELD](): HeldStates | undefined {
    return (this.#inner as HandlerContext & Partial<StateContext>)[HELD];
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
