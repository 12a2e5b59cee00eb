import { plainEventOptions } from '../events/define-event.js';
import { HandlerTimeoutError } from '../faces/errors.js';
import type { AnyEventType, DomainEvent, HandlerContext, NewEvent } from '../index.js';
import { seededRandom } from '../kernel/random.js';
import type { LaneContext } from '../lanes/context.js';
import { HELD, type HeldStates, type StateContext } from '../lanes/states/define-state.js';
import { instantOf, type ScheduleOptions, type TimerTime } from '../lanes/timers/timer-time.js';
import type { TestClock } from './test-clock.js';

/** What the handlers of a test engine get instead of chance and the wall clock. */
export interface TestWorld {
  readonly clock: TestClock;
  readonly seed: string;
  /** Draws the next given number; undefined when numbers come from the seed. */
  readonly random: (() => number) | undefined;
}

/** A handler's context in which time and chance are the test's. Everything else is the engine's own. */
export class TestContext implements HandlerContext, StateContext, Disposable {
  readonly #context: HandlerContext;
  readonly #event: DomainEvent;
  readonly #module: string;
  readonly #timeoutMs: number | undefined;
  readonly #world: TestWorld;
  readonly #deadline: number;
  readonly #controller = new AbortController();
  #alarm: Disposable | undefined;
  #random: (() => number) | undefined;

  constructor(
    context: HandlerContext,
    event: DomainEvent,
    module: string,
    timeoutMs: number | undefined,
    world: TestWorld,
  ) {
    this.#context = context;
    this.#event = event;
    this.#module = module;
    this.#timeoutMs = timeoutMs;
    this.#world = world;
    this.#deadline = world.clock.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
  }

  emit(event: NewEvent): void {
    this.#context.emit(stamped(event, this.#world.clock));
  }

  schedule(event: NewEvent, at: TimerTime, options?: ScheduleOptions): void {
    this.#context.schedule(event, instantOf(at, this.now()), options);
  }

  cancel(name: string | AnyEventType): void {
    this.#context.cancel(name);
  }

  execute(...call: Parameters<LaneContext['execute']>): void {
    (this.#context as Pick<LaneContext, 'execute'>).execute(...call);
  }

  history(aggregateId: string): AsyncIterable<DomainEvent> {
    return this.#context.history(aggregateId);
  }

  now(): number {
    return this.#world.clock.now();
  }

  random(): number {
    // One stream for each event, so that a retry and another order of the keys draw the same numbers.
    const { seed, random } = this.#world;
    this.#random ??= random ?? seededRandom(JSON.stringify([seed, this.#event.id]));
    return this.#random();
  }

  get shared(): Readonly<Record<string, unknown>> {
    return this.#context.shared;
  }

  get [HELD](): HeldStates | undefined {
    return (this.#context as HandlerContext & Partial<StateContext>)[HELD];
  }

  get lane(): number {
    return this.#context.lane;
  }

  get attempt(): number {
    return this.#context.attempt;
  }

  get signal(): AbortSignal {
    const { clock } = this.#world;
    if (clock.now() >= this.#deadline) this.#abort();
    else if (this.#timeoutMs !== undefined) {
      this.#alarm ??= clock.after(this.#deadline - clock.now(), () => this.#abort());
    }
    return this.#controller.signal;
  }

  /** The handler has ended: the clock need not wake it any more. */
  [Symbol.dispose](): void {
    this.#alarm?.[Symbol.dispose]();
  }

  #abort(): void {
    this.#controller.abort(
      new HandlerTimeoutError(
        `Handlers '${this.#module}' took longer than their ${this.#timeoutMs} ms of the test clock.`,
        { details: { handler: this.#module, timeoutMs: this.#timeoutMs } },
      ),
    );
  }
}

/** The event with the clock's time, unless it has one. What is no event is left for the engine to refuse. */
export function stamped(event: NewEvent, clock: TestClock): NewEvent {
  if (typeof event !== 'object' || event === null || event.options?.occurredAt !== undefined) return event;
  return { ...event, options: { ...plainEventOptions(event.options), occurredAt: clock.now() } };
}
