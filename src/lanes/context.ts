import type { Codec } from '../events/codec.js';
import { type AnyEventType, checkEventOptions, type NewEvent } from '../events/define-event.js';
import type { DomainEvent, StoredEvent, StoredMetadata } from '../events/domain-event.js';
import type { EmissionBuffer } from '../events/emission.js';
import { checkMetadata, checkSize } from '../events/payload-check.js';
import type { RegisteredType } from '../events/registry.js';
import { givenTime } from '../events/time.js';
import { EmitAfterEndError, NotDeterministicError } from '../kernel/errors.js';
import { seededRandom } from '../kernel/random.js';
import type { TraceCarrier } from '../observe/tracing.js';
import type { AnyAggregate } from './aggregates/define-aggregate.js';
import type { LoadedAggregate } from './aggregates/protocol.js';
import { sentCommand } from './aggregates/sent-command.js';
import { Deadline } from './deadline.js';
import { EmittedTypes } from './emitted-types.js';
import type { HandlerContext, HandlerEntry } from './handlers.js';
import type { Histories } from './history.js';
import type { LaneCell } from './lane-cell.js';
import type { LaneSetup } from './protocol.js';
import type { KeyAhead } from './run-ahead.js';
import { HELD, type StateContext } from './states/define-state.js';
import type { EventStates } from './states/lane-states.js';
import { EventTimers, LaneTimers, type TimerCommand } from './timers/lane-timers.js';
import { timerName } from './timers/timer-name.js';
import { instantOf, type ScheduleOptions, type TimerTime } from './timers/timer-time.js';

/** What the contexts of one lane share. */
export class EmitRules extends EmittedTypes {
  readonly timers = new LaneTimers();
  readonly histories: Histories;
  /** Those that commands can be sent to. */
  readonly aggregates: readonly LoadedAggregate[];

  constructor(setup: LaneSetup, codec: Codec, histories: Histories, aggregates: readonly LoadedAggregate[]) {
    super(setup, codec);
    this.histories = histories;
    this.aggregates = aggregates;
  }
}

/**
 * The context of one event. What its handlers emit goes to the lane's buffer; while a handler is awaited, and others
 * emit as well, to one of its own, which joins the lane's when the event has succeeded.
 */
export class LaneContext implements HandlerContext, StateContext {
  readonly attempt: number;
  readonly #rules: EmitRules;
  readonly #event: StoredEvent;
  readonly #partitionKey: string;
  readonly #cause: number;
  readonly #emissions: EmissionBuffer;
  /** Where this event's part of the lane's buffer begins. */
  readonly #start: number;
  #isAwaited = false;
  /** What it emits while it is awaited, made when there is something to keep in it. */
  #own: EmissionBuffer | undefined;
  readonly #cell: LaneCell;
  readonly #slot: number;
  readonly #ahead: KeyAhead | undefined;
  #states: EventStates | undefined;
  #timers: EventTimers | undefined;
  #deadline: Deadline | undefined;
  #unlimited: AbortController | undefined;
  /** The handler that was called last. */
  #entry: HandlerEntry | undefined;
  #metadata: Buffer | undefined;
  #random: (() => number) | undefined;
  #ended = false;

  constructor(
    rules: EmitRules,
    event: StoredEvent,
    partitionKey: string,
    cause: number,
    attempt: number,
    emissions: EmissionBuffer,
    cell: LaneCell,
    slot: number,
    ahead?: KeyAhead,
  ) {
    this.#rules = rules;
    this.#event = event;
    this.#partitionKey = partitionKey;
    this.#cause = cause;
    this.attempt = attempt;
    this.#emissions = emissions;
    this.#start = emissions.end;
    this.#cell = cell;
    this.#slot = slot;
    this.#ahead = ahead;
  }

  /** Gives the handlers the states of their key. */
  hold(states: EventStates): void {
    this.#states = states;
  }

  get [HELD](): EventStates | undefined {
    return this.#states;
  }

  get signal(): AbortSignal {
    if (this.#deadline) return this.#deadline.signal;
    // One of its own for each event that asks: listeners on a shared one would never be let go.
    this.#unlimited ??= new AbortController();
    return this.#unlimited.signal;
  }

  /** A handler is about to be called. */
  begin(entry: HandlerEntry): void {
    const { module, timeoutMs } = entry;
    this.#entry = entry;
    if (this.#deadline) this.#endDeadline();
    if (timeoutMs === undefined) return;
    this.#deadline = new Deadline(timeoutMs, module);
    this.#cell.setDeadline(this.#slot, this.#deadline.at);
  }

  /** The handler returned a promise, which is being awaited. */
  awaited(): void {
    if (!this.#isAwaited && this.#emissions.end > this.#start) this.#own = this.#emissions.split(this.#start);
    this.#isAwaited = true;
    this.#deadline?.arm(() => this.#cell.passed(this.#slot));
  }

  /** Name of the module whose handler was called last. */
  get handler(): string {
    return this.#entry?.module ?? '';
  }

  get lane(): number {
    return this.#rules.setup.lane;
  }

  get shared(): Readonly<Record<string, unknown>> {
    return this.#rules.setup.shared;
  }

  history(aggregateId: string): AsyncIterable<DomainEvent> {
    const { histories, setup } = this.#rules;
    return histories.of(aggregateId, {
      reference: this.#cause,
      position: this.#event.position,
      key: setup.deterministic ? this.#partitionKey : undefined,
      hasEnded: () => this.#ended,
    });
  }

  now(): number {
    return this.#rules.setup.deterministic ? this.#event.occurredAt : Date.now();
  }

  random(): number {
    const { deterministic, seed } = this.#rules.setup;
    if (!deterministic) return Math.random();
    // One stream per event, so that a retry, a resumed run and another lane draw the same numbers.
    const { aggregateId, version } = this.#event;
    this.#random ??= seededRandom(JSON.stringify([seed, this.#partitionKey, aggregateId, version]));
    return this.#random();
  }

  emit(event: NewEvent): void {
    this.#checkRunning('emit');
    const type = this.#rules.typeOf(event, 'emit');
    const { data, aggregateId, partitionKey } = this.#checked(type, event);
    if (this.#entry?.isRebuilding) return;
    this.#buffer().add(
      type.type,
      { cause: this.#cause, type: type.id, occurredAt: this.#timeOf(event), aggregateId, partitionKey },
      data,
      this.#metadataOf(event),
    );
    this.#ahead?.emitted(type.id, aggregateId);
  }

  schedule(event: NewEvent, at: TimerTime, options?: ScheduleOptions): void {
    this.#checkRunning('schedule');
    const type = this.#rules.typeOf(event, 'schedule');
    const time = instantOf(at, this.now());
    const name = timerName(options, type.type);
    const { data, aggregateId, partitionKey } = this.#checked(type, event);
    if (this.#entry?.isRebuilding) return;
    const { target, start, end } = this.#emissions.encode(type.type, type.id, data);
    const bytes = target.toString('latin1', start, end);
    const metadata = this.#metadataOf(event).toString('latin1');
    checkSize(type.type, bytes.length + metadata.length);
    const given = event.options?.occurredAt;
    const occurredAt = given === undefined ? time : givenTime(type.type, given);
    const scheduled = { type: type.id, occurredAt, aggregateId, partitionKey, data: bytes, metadata };
    this.#order({ kind: 'schedule', name, at: time, event: scheduled });
  }

  cancel(name: string | AnyEventType): void {
    this.#checkRunning('cancel');
    const checked = timerName({ name: typeof name === 'string' ? name : name?.type });
    if (!this.#entry?.isRebuilding) this.#order({ kind: 'cancel', name: checked });
  }

  /** @param carrier fields of the handler's trace. */
  execute(
    aggregate: AnyAggregate,
    aggregateId: string,
    command: string,
    input: unknown,
    carrier?: TraceCarrier,
  ): void {
    this.#checkRunning('execute');
    const { codec, aggregates } = this.#rules;
    const { id: causationId, metadata } = this.#event;
    const { correlationId } = metadata;
    const event = { handler: this.handler, time: this.now(), causationId, correlationId, carrier };
    const sent = sentCommand(codec, aggregates, { aggregate, aggregateId, command, input }, event);
    if (this.#entry?.isRebuilding) return;
    this.#timers ??= new EventTimers();
    this.#timers.send(sent);
    // Of the events that run behind it, one may come after the command's.
    this.#ahead?.stop();
  }

  /**
   * Ends the context: nothing more may be emitted, scheduled or sent; a failed event takes back what it emitted, what it made of
   * its key's states, and what it wanted of its timers.
   *
   * @throws PayloadTooLargeError when the lane's answer would become too large; InvalidStateError, StateTooLargeError.
   * The event has failed then, and is still to be ended as that.
   */
  end(succeeded: boolean): void {
    if (this.#ended) return;
    // First of all: a state that cannot be kept fails its event with all that it emitted.
    if (succeeded) this.#states?.seal();
    this.#ended = true;
    if (this.#deadline) this.#endDeadline();
    this.#cell.end(this.#slot);
    if (!this.#isAwaited) {
      if (!succeeded) this.#emissions.rewind(this.#start);
    } else if (succeeded && this.#own) this.#join(this.#own);
    if (succeeded && this.#timers) this.#rules.timers.add(this.#cause, this.#timers);
    if (!this.#states) return;
    if (succeeded) this.#states.keep(this.#cause);
    else this.#states.drop();
  }

  #checkRunning(call: string): void {
    if (!this.#ended) return;
    throw new EmitAfterEndError(
      `ctx.${call} was called after its handler had finished. Await everything before returning.`,
    );
  }

  /** The payload and the names of an event that a handler has made. */
  #checked(
    type: RegisteredType,
    event: NewEvent,
  ): { readonly data: unknown; readonly aggregateId: string; readonly partitionKey: string } {
    checkEventOptions(event);
    const data = this.#rules.setup.validate ? type.parse(event.data) : event.data;
    const aggregateId = type.aggregateId(data);
    const partitionKey = type.partitionKey(data, aggregateId);
    this.#checkKey(type.type, partitionKey);
    return { data, aggregateId, partitionKey: partitionKey === aggregateId ? '' : partitionKey };
  }

  #order(command: TimerCommand): void {
    this.#timers ??= new EventTimers();
    this.#timers.add(this.#partitionKey, command);
    // Of the events that run behind it, one may come after the timer's.
    this.#ahead?.stop();
  }

  #buffer(): EmissionBuffer {
    if (!this.#isAwaited) return this.#emissions;
    this.#own ??= this.#emissions.split(this.#emissions.end);
    return this.#own;
  }

  #join(own: EmissionBuffer): void {
    try {
      this.#emissions.join(own);
    } catch (error) {
      this.#states?.drop();
      throw error;
    }
  }

  #endDeadline(): void {
    this.#deadline?.end();
    this.#deadline = undefined;
    this.#cell.setDeadline(this.#slot, 0);
  }

  #checkKey(type: string, partitionKey: string): void {
    if (!this.#rules.setup.deterministic || partitionKey === this.#partitionKey) return;
    throw new NotDeterministicError(
      `Event '${type}' was emitted or scheduled to key '${partitionKey}' by an event of key '${this.#partitionKey}'. In deterministic ` +
        'mode a handler emits to the key of its own event: events of two keys meet in an order that depends on timing.',
    );
  }

  #timeOf(event: NewEvent): number {
    const given = event.options?.occurredAt;
    if (given === undefined) return this.now();
    return givenTime(event.type, given);
  }

  #metadataOf(event: NewEvent): Buffer {
    const options = event.options;
    const cause = this.#event.metadata.correlationId;
    if (options?.correlationId || options?.causationId || options?.eventId || options?.metadata) {
      checkMetadata(event.type, options.metadata);
      const stored: StoredMetadata = {
        c: options.causationId ?? this.#event.id,
        r: options.correlationId ?? cause,
        ...(options.eventId !== undefined && { i: options.eventId }),
        ...(options.metadata && { u: options.metadata }),
      };
      return this.#rules.codec.pack(stored, event.type);
    }
    // A handler that emits thousands of events writes the same two ids into each: they are packed once.
    this.#metadata ??= this.#rules.codec.pack(
      cause === this.#event.id ? { c: this.#event.id } : { c: this.#event.id, r: cause },
    );
    return this.#metadata;
  }
}
