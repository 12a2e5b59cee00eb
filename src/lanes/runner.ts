import { getHeapStatistics } from 'node:v8';
import { Codec } from '../events/codec.js';
import { StoredEvent, type StoredMetadata } from '../events/domain-event.js';
import { EmissionBuffer } from '../events/emission.js';
import { encodeError, type WireError } from '../events/error-codec.js';
import { HandlerError, HandlerModuleInvalidError } from '../events/errors.js';
import type { StoredType } from '../events/registry.js';
import { rowOf, Slab, slabOf } from '../events/slab.js';
import { currentData } from '../events/upcast.js';
import { framed } from '../profile/frames.js';
import type { ThreadSpan } from '../profile/span-log.js';
import type { TypeWork } from '../profile/thread-profiler.js';
import { EmitRules, LaneContext } from './context.js';
import type { HandlerEntry, HandlerModule } from './handlers.js';
import type { LaneCell } from './lane-cell.js';
import { LaneProfile } from './lane-profile.js';
import { NameCache } from './name-cache.js';
import type { HandledType, LaneBatch, LaneFailure, LaneResult, LaneSetup } from './protocol.js';
import { isThenable } from './thenable.js';
import type { TracerErrors } from './traced.js';
import { WorkMeter } from './work-meter.js';

/** The handlers of one stored type, and how its payloads become current. */
interface TypeHandlers {
  readonly stored: StoredType;
  readonly entries: readonly HandlerEntry[];
}

/** A batch on its way through the lane. */
interface BatchRun {
  readonly batch: LaneBatch;
  readonly emissions: EmissionBuffer;
  readonly failures: LaneFailure[];
  readonly held: number[];
  readonly startedAt: number;
  readonly settle: (result: LaneResult) => void;
  cursor: number;
  remaining: number;
}

/** An event that waits because another one of its key is being awaited. */
interface WaitingEvent {
  readonly run: BatchRun;
  readonly index: number;
}

/**
 * Runs the events of one lane through their handlers, on whatever thread it lives. Events start in the order
 * in which they came; while an async handler is awaited, up to `concurrency` events of other keys may start,
 * later events of its own key wait. When an event fails, the later events of its key come back as held.
 */
export class LaneRunner {
  readonly #codec: Codec;
  readonly #rules: EmitRules;
  readonly #cell: LaneCell;
  readonly #tracerErrors: TracerErrors | undefined;
  readonly #modules: readonly HandlerModule[];
  /** By stored type, as their modules gave them, and as they are called. */
  readonly #plain: (TypeHandlers | undefined)[] = [];
  #handlers: readonly (TypeHandlers | undefined)[];
  readonly #slabs: (Slab | undefined)[] = [];
  readonly #names = new NameCache();
  readonly #queue: BatchRun[] = [];
  /** Batches that have not been answered, oldest first. */
  readonly #open: BatchRun[] = [];
  readonly #busy = new Map<number, WaitingEvent[]>();
  readonly #failedKeys = new Set<number>();
  readonly #work = new WorkMeter();
  #active = 0;
  #answeredAt = 0;
  #profile: LaneProfile | undefined;

  /** @throws HandlerModuleInvalidError when a module handles a type that the engine does not know. */
  constructor(
    setup: LaneSetup,
    modules: readonly HandlerModule[],
    cell: LaneCell,
    tracerErrors?: TracerErrors,
  ) {
    this.#tracerErrors = tracerErrors;
    this.#cell = cell;
    this.#modules = modules;
    this.#codec = new Codec(setup.shapes);
    this.#rules = new EmitRules(setup, this.#codec);
    const entries = modules.flatMap((module) => module.entries);
    for (const stored of setup.types) {
      const matching = entries.filter(
        ({ eventType }) => eventType.type === stored.name || eventType.aliases.includes(stored.name),
      );
      if (matching.length > 0) this.#plain[stored.id] = { stored, entries: matching };
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

  /** Which stored types this lane handles, and with what answer to failure (the most patient one wins). */
  get handled(): HandledType[] {
    return this.#handlers.flatMap((handlers) => {
      if (!handlers) return [];
      const { stored, entries } = handlers;
      const strict = entries.find((entry) => entry.onFailure !== 'skip') ?? (entries[0] as HandlerEntry);
      const timeouts = entries.flatMap((entry) => entry.timeoutMs ?? []);
      return {
        type: stored.name,
        modules: [...new Set(entries.map((entry) => entry.module))].join(', '),
        retries: Math.max(...entries.map((entry) => entry.retries)),
        retryDelayMs: Math.max(...entries.map((entry) => entry.retryDelayMs)),
        maxRetryDelayMs: Math.max(...entries.map((entry) => entry.maxRetryDelayMs)),
        jitter: Math.max(...entries.map((entry) => entry.jitter)),
        onFailure: strict.onFailure,
        timeoutMs: timeouts.length === 0 ? undefined : Math.min(...timeouts),
      };
    });
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

  /** Resolves when every event of the batch has succeeded, failed or been held. Never rejects. */
  run(batch: LaneBatch): Promise<LaneResult> {
    if (batch.shapes) this.#codec.learn(batch.shapes);
    for (const id of batch.forgotten) delete this.#slabs[id];
    for (const { id, memory } of batch.slabs) this.#slabs[id] = new Slab(id, memory);
    return new Promise((settle) => {
      const run: BatchRun = {
        batch,
        emissions: new EmissionBuffer(this.#codec),
        failures: [],
        held: [],
        startedAt: performance.now(),
        settle,
        cursor: 0,
        remaining: batch.rows.length,
      };
      this.#queue.push(run);
      this.#open.push(run);
      this.#pump();
    });
  }

  #setHandlers(change: (entry: HandlerEntry) => HandlerEntry): void {
    this.#handlers = this.#plain.map(
      (handlers) => handlers && { stored: handlers.stored, entries: handlers.entries.map(change) },
    );
  }

  #pump(): void {
    while (this.#active < this.#rules.setup.concurrency) {
      const run = this.#queue[0];
      if (!run) return;
      if (run.cursor === run.batch.rows.length) {
        this.#queue.shift();
        continue;
      }
      if (run.cursor === 0) for (const key of run.batch.cleared) this.#failedKeys.delete(key);
      this.#start(run, run.cursor++);
    }
  }

  #start(run: BatchRun, index: number): void {
    const reference = run.batch.rows[index] as number;
    const key = this.#slab(reference).key[rowOf(reference)] as number;
    if (this.#failedKeys.size > 0 && this.#failedKeys.has(key)) {
      run.held.push(index);
      this.#finish(run);
      return;
    }
    const waiting = this.#busy.size > 0 ? this.#busy.get(key) : undefined;
    if (waiting) waiting.push({ run, index });
    else this.#invoke(run, index, reference, key);
  }

  #invoke(run: BatchRun, index: number, reference: number, key: number): void {
    const slab = this.#slab(reference);
    const row = rowOf(reference);
    const type = slab.type[row] as number;
    const handlers = this.#handlers[type];
    if (!handlers) {
      this.#finish(run);
      return;
    }
    const startedAt = this.#work.begin(type) ? performance.now() : undefined;
    let context: LaneContext | undefined;
    try {
      const event = this.#event(slab, row, handlers);
      const partitionKey = this.#names.get(slab, key, slab.keyOffset[row], slab.keyLength[row]);
      const attempt = (run.batch.attempts?.get(index) ?? 0) + 1;
      const slot = this.#cell.begin(reference);
      context = new LaneContext(
        this.#rules,
        event,
        partitionKey,
        index,
        attempt,
        run.emissions,
        this.#cell,
        slot,
      );
      const pending = callHandlers(handlers.entries, 0, event, context);
      if (startedAt !== undefined) this.#work.timed(type, performance.now() - startedAt);
      if (pending) {
        this.#cell.yielded();
        this.#await(run, index, key, context, pending);
        return;
      }
      context.end(true);
      this.#finish(run);
    } catch (error) {
      this.#fail(run, index, key, context, error);
    }
  }

  #await(run: BatchRun, index: number, key: number, context: LaneContext, pending: Promise<void>): void {
    this.#active++;
    const waiting: WaitingEvent[] = [];
    this.#busy.set(key, waiting);
    pending
      .then(
        () => {
          context.end(true);
          this.#finish(run);
        },
        (error: unknown) => this.#fail(run, index, key, context, error),
      )
      .finally(() => {
        this.#active--;
        this.#busy.delete(key);
        this.#resume(waiting);
        this.#pump();
      });
  }

  /** Starts what waited behind a key that is free again; the first async one makes the rest wait once more. */
  #resume(waiting: readonly WaitingEvent[]): void {
    for (const { run, index } of waiting) this.#start(run, index);
  }

  #fail(run: BatchRun, index: number, key: number, context: LaneContext | undefined, thrown: unknown): void {
    context?.end(false);
    this.#failedKeys.add(key);
    run.failures.push({ index, error: encodeError(thrown), handler: context?.handler ?? '' });
    this.#finish(run);
  }

  #finish(run: BatchRun): void {
    run.remaining--;
    // Answers leave in the order of the batches: what two events of one key emitted must be sequenced in the
    // order of the two, even when the later one's batch was ready first.
    while (this.#open[0]?.remaining === 0) this.#settle(this.#open.shift() as BatchRun);
  }

  #settle(run: BatchRun): void {
    const { failures, held, emissions, startedAt } = run;
    const now = performance.now();
    const busyFrom = Math.max(startedAt, this.#answeredAt);
    const types = this.#work.take();
    this.#answeredAt = now;
    this.#profile?.ran(busyFrom, now, run.batch.rows.length - held.length, types);
    run.settle({
      kind: 'result',
      failures,
      held,
      emitted: emissions.finish(),
      unknownShapes: emissions.unknownShapes,
      milliseconds: now - startedAt,
      busy: now - busyFrom,
      types,
      heap: getHeapStatistics().used_heap_size,
      tracerErrors: this.#tracerErrors?.take() ?? 0,
    });
  }

  #slab(reference: number): Slab {
    const slab = this.#slabs[slabOf(reference)];
    if (!slab) throw new HandlerError(`Lane ${this.#rules.setup.lane} was sent a row of an unknown slab.`);
    return slab;
  }

  #event(slab: Slab, row: number, { stored, entries }: TypeHandlers): StoredEvent {
    const dataStart = slab.dataOffset[row] as number;
    const dataEnd = dataStart + (slab.dataLength[row] as number);
    const metadataLength = slab.metadataLength[row] as number;
    const metadata =
      metadataLength === 0
        ? undefined
        : (this.#codec.unpack(slab.bytes, dataEnd, dataEnd + metadataLength) as StoredMetadata);
    const definition = entries[0]?.eventType;
    const position = slab.position[row] as number;
    return new StoredEvent(
      this.#rules.setup.run,
      definition?.type ?? stored.name,
      this.#names.get(slab, slab.aggregate[row] as number, slab.nameOffset[row], slab.nameLength[row]),
      slab.version[row] as number,
      position,
      slab.occurredAt[row] as number,
      currentData(definition, stored, this.#codec.unpack(slab.bytes, dataStart, dataEnd), position),
      metadata,
    );
  }
}

/** Calls the handlers one after the other; returns a promise only when one of them did. */
function callHandlers(
  entries: readonly HandlerEntry[],
  from: number,
  event: StoredEvent,
  context: LaneContext,
): Promise<void> | undefined {
  for (let index = from; index < entries.length; index++) {
    const entry = entries[index] as HandlerEntry;
    context.begin(entry);
    const result = entry.handle(event as never, context);
    if (isThenable(result)) {
      context.awaited();
      return Promise.resolve(result).then(() => callHandlers(entries, index + 1, event, context));
    }
  }
  return undefined;
}
