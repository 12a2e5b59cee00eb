import { setImmediate } from 'node:timers';
import { Codec } from '../events/codec.js';
import { StoredEvent } from '../events/domain-event.js';
import { dataIn, metadataIn } from '../events/row.js';
import { ROW_UNNUMBERED, rowOf, Slab, slabOf } from '../events/slab.js';
import { currentData } from '../events/upcast.js';
import { encodeError, type WireError } from '../kernel/error-codec.js';
import { HandlerModuleInvalidError } from '../kernel/errors.js';
import { framed } from '../sampling/frames.js';
import type { ThreadSpan } from '../sampling/span-log.js';
import type { TypeWork } from '../sampling/thread-profiler.js';
import type { LoadedAggregate } from './aggregates/protocol.js';
import { callHandlers } from './call-handlers.js';
import { EmitRules, LaneContext } from './context.js';
import { handledType, type TypeHandlers } from './handled-type.js';
import type { HandlerEntry, HandlerModule } from './handlers.js';
import { Histories, type LaneLog } from './history.js';
import type { LaneCell } from './lane-cell.js';
import { LaneProfile } from './lane-profile.js';
import { calledOf } from './late.js';
import { NameCache } from './name-cache.js';
import { Outbox } from './outbox.js';
import type { HandledType, LaneAnswer, LaneBatch, LaneSetup } from './protocol.js';
import { type KeyAhead, RunAhead } from './run-ahead.js';
import { LaneStates, statesOf } from './states/lane-states.js';
import type { TracerErrors } from './traced.js';
import { TurnClock } from './turn-clock.js';

/** What a lane has besides its handlers; all of it may be left out. */
interface LaneSurroundings {
  /** Milliseconds that it has worked so far. */
  readonly busy?: () => number;
  readonly tracerErrors?: TracerErrors;
  /** What handlers read. */
  readonly log?: LaneLog | undefined;
  /** What handlers send commands to. */
  readonly aggregates?: readonly LoadedAggregate[] | undefined;
}

/** A batch on its way through the lane. */
interface BatchRun {
  readonly batch: LaneBatch;
  readonly passed: (answer: LaneAnswer | undefined) => void;
  cursor: number;
}

/** An event that waits because another one of its key is being awaited. */
interface WaitingEvent {
  readonly run: BatchRun;
  readonly index: number;
}

/** An event whose handler has returned a promise. */
interface AwaitedEvent {
  readonly reference: number;
  readonly key: number;
  readonly context: LaneContext;
  /** The later events of its key, if there are any. */
  behind: WaitingEvent[] | undefined;
  /** It began to be awaited since the last answer. */
  isFresh: boolean;
  isOver: boolean;
}

/**
 * Runs the events of one lane through their handlers, on whatever thread it lives. Events start in the order
 * in which they came; while an async handler is awaited, up to `concurrency` events of other keys may start,
 * later events of its own key wait. When an event fails, the later events of its key come back as held.
 *
 * It answers when a batch has passed, and at the end of each turn of its event loop in which an event ended: see
 * `LaneAnswer`. Until an event is begun the main thread may take it back; see `Slab.claim`.
 */
export class LaneRunner {
  readonly #codec: Codec;
  readonly #rules: EmitRules;
  readonly #cell: LaneCell;
  readonly #modules: readonly HandlerModule[];
  /** By stored type, as their modules gave them, and as they are called. */
  readonly #plain: (TypeHandlers | undefined)[] = [];
  #handlers: readonly (TypeHandlers | undefined)[];
  readonly #slabs: (Slab | undefined)[] = [];
  readonly #names = new NameCache();
  /** Batches of which not every row was begun, oldest first. */
  readonly #queue: BatchRun[] = [];
  readonly #awaited = new Map<number, AwaitedEvent>();
  /** Events that began to be awaited since the last answer, and how many of them are not over. */
  #fresh: AwaitedEvent[] = [];
  #freshCount = 0;
  readonly #failedKeys = new Set<number>();
  readonly #ahead = new RunAhead((type) => this.#plain[type] !== undefined);
  readonly #states: LaneStates;
  readonly #outbox: Outbox;
  readonly #clock = new TurnClock();
  /** The end of the running turn of the event loop, if something must happen then. */
  #turn: NodeJS.Immediate | undefined;
  #isLate = false;
  #profile: LaneProfile | undefined;

  /**
   * @throws HandlerModuleInvalidError when a module handles a type that the engine does not know; InvalidDefinitionError
   * when the modules' states do not go together.
   */
  constructor(
    setup: LaneSetup,
    modules: readonly HandlerModule[],
    cell: LaneCell,
    answered: (answer: LaneAnswer) => void,
    { busy, tracerErrors, log, aggregates = [] }: LaneSurroundings = {},
  ) {
    this.#cell = cell;
    this.#modules = modules;
    this.#codec = new Codec(setup.shapes);
    const histories = new Histories(setup.history, log, () => this.#endTurn());
    this.#rules = new EmitRules(setup, this.#codec, histories, aggregates);
    const entries = modules.flatMap((module) => module.entries);
    this.#states = new LaneStates(statesOf(entries), this.#codec, setup.validate);
    const workedFor = busy ?? (() => this.#clock.worked);
    this.#outbox = new Outbox(
      this.#codec,
      this.#states,
      this.#rules.timers,
      answered,
      workedFor,
      tracerErrors,
    );
    for (const stored of setup.types) {
      const matching = entries.filter(
        ({ eventType }) => eventType.type === stored.name || eventType.aliases.includes(stored.name),
      );
      if (matching.length === 0) continue;
      const usesStates = matching.some(({ state }) => state !== undefined);
      this.#plain[stored.id] = { stored, entries: matching, usesStates };
    }
    this.#handlers = this.#plain;
    for (const { module, eventType } of entries) {
      if (setup.types.some((type) => type.name === eventType.type)) continue;
      throw new HandlerModuleInvalidError(
        `Handlers '${module}' handle '${eventType.type}', which is not registered. Add it to 'events' in openEngine.`,
        { details: { module, type: eventType.type } },
      );
    }
  }

  /** Which stored types this lane handles, and with what answer to failure. */
  get handled(): HandledType[] {
    return this.#handlers.flatMap((handlers) => (handlers ? handledType(handlers, this.#states.types) : []));
  }

  /** Calls the modules' `onBroadcast` hooks, and returns what they threw. Never rejects. */
  async broadcast(message: unknown): Promise<readonly WireError[]> {
    const errors: WireError[] = [];
    for (const { hooks } of this.#modules) {
      try {
        await hooks.onBroadcast?.(message, this.#rules.setup.lane);
      } catch (error) {
        errors.push(encodeError(error));
      }
    }
    return errors;
  }

  /** Handlers run under frames that bear their names, and batches are noted, until `stopProfile`. */
  startProfile(note: (span: ThreadSpan) => void): void {
    this.#profile = new LaneProfile(note);
    this.#setHandlers((entry) => ({
      ...entry,
      handle: framed(entry.module, entry.eventType.type, entry.handle),
    }));
  }

  stopProfile(): readonly TypeWork[] {
    this.#setHandlers((entry) => entry);
    const work = this.#profile?.work ?? [];
    this.#profile = undefined;
    return work;
  }

  /**
   * Resolves when every row of the batch was begun, or waits behind one of its key: with the answer that says so,
   * unless another one did. Never rejects.
   */
  run(batch: LaneBatch): Promise<LaneAnswer | undefined> {
    if (batch.shapes) this.#codec.learn(batch.shapes);
    for (const id of batch.forgotten) delete this.#slabs[id];
    for (const { id, memory } of batch.slabs) this.#slabs[id] = new Slab(id, memory);
    if (batch.states) this.#states.take(batch.states);
    return new Promise((passed) => {
      this.#queue.push({ batch, passed, cursor: 0 });
      this.#pump();
    });
  }

  #setHandlers(change: (entry: HandlerEntry) => HandlerEntry): void {
    this.#handlers = this.#plain.map(
      (handlers) => handlers && { ...handlers, entries: handlers.entries.map(change) },
    );
  }

  /** Begins what may begin, until the turn of the event loop has been long enough. */
  #pump(): void {
    if (this.#isLate) return;
    this.#clock.begin(this.#turn === undefined);
    while (this.#awaited.size < this.#rules.setup.concurrency) {
      const run = this.#queue[0];
      if (!run) break;
      const { batch } = run;
      if (run.cursor === 0) for (const key of batch.cleared) this.#failedKeys.delete(key);
      this.#start(run, run.cursor++);
      if (run.cursor === batch.rows.length) this.#pass(this.#queue.shift() as BatchRun);
      if (this.#clock.isOver() || this.#states.isFull || this.#rules.timers.isFull) {
        this.#isLate = true;
        this.#endTurn();
        break;
      }
    }
    this.#clock.end();
  }

  #pass({ passed }: BatchRun): void {
    this.#outbox.passed.push(passed);
    // Handlers that are async by name only end within the turn, and belong to this answer.
    if (this.#freshCount === 0) this.#answer();
    else this.#endTurn();
  }

  /** Answers at the end of this turn of the event loop, and goes on in the next one. */
  #endTurn(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      const fresh = this.#fresh;
      this.#fresh = [];
      this.#freshCount = 0;
      for (const event of fresh) {
        event.isFresh = false;
        if (!event.isOver) this.#outbox.waiting.push(event.reference);
      }
      this.#answer();
      this.#isLate = false;
      this.#pump();
    });
  }

  #answer(): void {
    this.#outbox.send(this.#awaited.size, this.#profile);
  }

  #start(run: BatchRun, index: number): void {
    const reference = run.batch.rows[index] as number;
    const slab = this.#slabs[slabOf(reference)];
    const row = rowOf(reference);
    const { ticket } = run.batch;
    // Taken back: neither the row nor its slab need be what they were.
    if (slab === undefined || slab.claim[row] !== ticket) return;
    const key = slab.key[row] as number;
    if (this.#awaited.size > 0) {
      const awaited = this.#awaited.get(key);
      if (awaited) {
        awaited.behind ??= [];
        awaited.behind.push({ run, index });
        return;
      }
    }
    if (Atomics.compareExchange(slab.claim, row, ticket, -ticket) !== ticket) return;
    if (this.#failedKeys.size > 0 && this.#failedKeys.has(key)) {
      this.#outbox.held.push(reference);
      return;
    }
    const ahead = slab.flags[row] === 0 ? undefined : this.#aheadOf(slab, row);
    if (ahead === null) this.#outbox.held.push(reference);
    else this.#invoke(run, index, reference, slab, row, key, ahead);
  }

  /** The run of an event that runs ahead of its number; null when it may not run. */
  #aheadOf(slab: Slab, row: number): KeyAhead | null | undefined {
    if (((slab.flags[row] as number) & ROW_UNNUMBERED) === 0) return undefined;
    const ahead = this.#ahead.of(slab, row);
    return ahead.begin(this.#aggregateOf(slab, row), slab.version[row] as number) ? ahead : null;
  }

  #aggregateOf(slab: Slab, row: number): string {
    return this.#names.get(slab, slab.aggregate[row] as number, slab.nameOffset[row], slab.nameLength[row]);
  }

  #invoke(
    run: BatchRun,
    index: number,
    reference: number,
    slab: Slab,
    row: number,
    key: number,
    ahead: KeyAhead | undefined,
  ): void {
    const type = slab.type[row] as number;
    const handlers = this.#handlers[type];
    if (!handlers) {
      this.#outbox.done(reference);
      return;
    }
    const { work } = this.#outbox;
    const startedAt = work.begin(type) ? performance.now() : undefined;
    let context: LaneContext | undefined;
    try {
      const partitionKey = this.#names.get(slab, key, slab.keyOffset[row], slab.keyLength[row]);
      const event = this.#event(slab, row, partitionKey, handlers, ahead);
      const attempt = (run.batch.attempts?.get(index) ?? 0) + 1;
      const slot = this.#cell.begin(reference);
      context = new LaneContext(
        this.#rules,
        event,
        partitionKey,
        reference,
        attempt,
        this.#outbox.emissions,
        this.#cell,
        slot,
        ahead,
      );
      if (handlers.usesStates) context.hold(this.#states.of(key, partitionKey));
      const only = run.batch.only?.get(index);
      const entries = only ? calledOf(handlers.entries, only) : handlers.entries;
      const pending = callHandlers(entries, 0, event, context);
      if (startedAt !== undefined) work.timed(type, performance.now() - startedAt);
      if (pending) {
        this.#cell.yielded();
        this.#await({ reference, key, context, behind: undefined, isFresh: true, isOver: false }, pending);
        return;
      }
      context.end(true);
      this.#outbox.done(reference);
    } catch (error) {
      this.#fail(reference, key, context, error);
    }
  }

  #await(event: AwaitedEvent, pending: Promise<void>): void {
    this.#awaited.set(event.key, event);
    this.#fresh.push(event);
    this.#freshCount++;
    pending.then(
      () => this.#ended(event),
      (error: unknown) => this.#ended(event, { error }),
    );
  }

  #ended(event: AwaitedEvent, failure?: { readonly error: unknown }): void {
    const { reference, key, context } = event;
    try {
      if (failure) throw failure.error;
      context.end(true);
      this.#outbox.done(reference);
    } catch (error) {
      this.#fail(reference, key, context, error);
    }
    this.#awaited.delete(key);
    event.isOver = true;
    if (event.isFresh) this.#freshCount--;
    this.#endTurn();
    // The first async one of those behind makes the rest wait once more.
    if (event.behind) for (const { run, index } of event.behind) this.#start(run, index);
    this.#pump();
  }

  #fail(reference: number, key: number, context: LaneContext | undefined, thrown: unknown): void {
    context?.end(false);
    this.#failedKeys.add(key);
    this.#outbox.failures.push({ reference, error: encodeError(thrown), handler: context?.handler ?? '' });
  }

  #event(
    slab: Slab,
    row: number,
    partitionKey: string,
    { stored, entries }: TypeHandlers,
    ahead: KeyAhead | undefined,
  ): StoredEvent {
    const metadata = metadataIn(slab, row, this.#codec);
    const definition = entries[0]?.eventType;
    const position = ahead ? 0 : (slab.position[row] as number);
    return new StoredEvent(
      this.#rules.setup.run,
      definition?.type ?? stored.name,
      this.#aggregateOf(slab, row),
      partitionKey,
      ahead ? ahead.version : (slab.version[row] as number),
      position,
      slab.occurredAt[row] as number,
      currentData(definition, stored, dataIn(slab, row, this.#codec), position),
      metadata,
    );
  }
}
