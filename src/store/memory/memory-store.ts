import { Codec } from '../../events/codec.js';
import type { StoredType } from '../../events/registry.js';
import type { Shape } from '../../events/shape-index.js';
import type { Slab } from '../../events/slab.js';
import { EngineClosedError, NotRetainedError } from '../../kernel/errors.js';
import { MEMORY_STORE_BYTES } from '../../limits.js';
import { MEMORY_STATE_BYTES } from '../limits.js';
import type { StoreState, TypeToStore } from '../protocol.js';
import type { CommitBatch, EventReader, PageQuery, RawEvent, Segment, Store, StoredName } from '../store.js';
import { KeptEvents } from './kept-events.js';
import { MemoryCommands } from './memory-commands.js';
import { MemoryConsumers } from './memory-consumers.js';
import { MemoryDeadLetters } from './memory-dead-letters.js';
import { MemorySnapshots } from './memory-snapshots.js';
import { MemoryStates } from './memory-states.js';
import { MemoryTimers } from './memory-timers.js';

/** A log without a file. It keeps some of its newest events for reading. */
export class MemoryStore implements Store {
  readonly location = 'memory';
  readonly indexed = Number.POSITIVE_INFINITY;
  readonly reader: EventReader;
  readonly maxStateBytes: number;
  readonly #run: string;
  readonly #types = new Map<number, StoredType>();
  readonly #shapes: Shape[] = [];
  readonly #names: string[] = [];
  readonly #ids = new Map<string, number>();
  readonly #segments: KeptEvents[] = [];
  readonly #deadLetters = new MemoryDeadLetters();
  readonly #consumers = new MemoryConsumers();
  readonly #states = new MemoryStates();
  readonly #timers = new MemoryTimers();
  readonly #snapshots = new MemorySnapshots();
  readonly #commands = new MemoryCommands();
  readonly #bytes: number;
  #size = 0;
  #closed = false;

  /**
   * @param run begins the ids of its events.
   * @param bytes how much of the events it keeps.
   * @param maxStateBytes how much the states of all keys may take.
   */
  constructor(run: string, bytes = MEMORY_STORE_BYTES, maxStateBytes = MEMORY_STATE_BYTES) {
    this.maxStateBytes = maxStateBytes;
    this.#run = run;
    this.#bytes = bytes;
    this.reader = {
      types: this.#types,
      codec: new Codec([], () => this.#shapes),
      page: (query) => this.#page(query),
      findName: (name) => this.#findName(name),
      nameOf: (id) => this.#names[id] ?? '',
      allNames: () => [],
      deadLetters: (query) => this.#deadLetters.page(query),
      deadLetter: (position) => this.#deadLetters.find(position),
      consumers: (name) => this.#consumers.all(name),
      states: (query) => this.#states.page(query),
      statesOf: (keys) => this.#states.ofKeys(keys),
      stateTypes: () => this.#states.types,
      timers: (query) => this.#timers.page(query),
      timersOf: (key) => this.#timers.ofKey(key),
      timer: (key, name) => this.#timers.find(key, name),
      timerCounts: () => this.#timers.counts(),
      snapshot: (aggregate) => this.#snapshots.find(aggregate),
      commands: (query) => this.#commands.page(query),
      processing: this.#consumers.processing,
    };
  }

  exists(): boolean {
    return false;
  }

  async open(types: readonly TypeToStore[]): Promise<StoreState> {
    types.forEach((type, index) => {
      this.#types.set(index + 1, { ...type, id: index + 1 });
    });
    return {
      run: this.#run,
      lastPosition: 0,
      lastName: 0,
      types: [...this.#types.values()],
      shapes: [],
      progress: { mark: 0, chunks: [] },
      deadLetters: { parked: [], retry: [], retryParked: [], late: new Map() },
      states: [],
      timers: false,
      commands: 0,
      indexed: 0,
    };
  }

  async commit({
    segments,
    shapes,
    deadLetters,
    consumers = [],
    states,
    timers,
    snapshots,
    commands,
  }: CommitBatch): Promise<void> {
    this.#shapes.push(...shapes);
    for (const segment of segments) {
      this.#addNames(segment);
      this.#keep(segment);
    }
    // Before events are dropped, so that a letter's own event is still there to be kept with it.
    if (deadLetters) this.#deadLetters.apply(deadLetters, (position) => this.#eventAt(position));
    for (const change of consumers) this.#consumers.apply(change);
    if (states) this.#states.apply(states);
    if (timers) this.#timers.apply(timers);
    if (snapshots) this.#snapshots.apply(snapshots);
    if (commands) this.#commands.apply(commands);
    while (this.#size > this.#bytes && this.#segments.length > 1) {
      this.#size -= this.#segments.shift()?.size ?? 0;
    }
  }

  forget(): void {}

  async close(): Promise<void> {
    this.#closed = true;
    this.#segments.length = 0;
    this.#deadLetters.clear();
    this.#consumers.clear();
    this.#states.clear();
    this.#timers.clear();
    this.#snapshots.clear();
    this.#commands.clear();
  }

  /** Small commits share a piece: one of its own for each would take thirty times the bytes of its event. */
  #keep({ slab, from, to }: Segment): void {
    let next = from;
    while (next < to) {
      let kept = this.#segments.at(-1);
      if (!kept || kept.isFull) {
        kept = new KeptEvents(slab.position[next] as number);
        this.#segments.push(kept);
        this.#size += kept.size;
      }
      const before = kept.size;
      next = kept.add(slab, next, to);
      this.#size += kept.size - before;
    }
  }

  #addNames({ slab, from, to }: Segment): void {
    for (let row = from; row < to; row++) {
      if (slab.flags[row] === 0) continue;
      this.#addName(slab, slab.aggregate[row], slab.nameOffset[row], slab.nameLength[row]);
      this.#addName(slab, slab.key[row], slab.keyOffset[row], slab.keyLength[row]);
    }
  }

  #addName(slab: Slab, id = 0, offset = 0, length = 0): void {
    if (this.#names[id] !== undefined) return;
    const name = slab.bytes.toString('utf8', offset, offset + length);
    this.#names[id] = name;
    this.#ids.set(name, id);
  }

  #findName(name: string): StoredName | undefined {
    const id = this.#ids.get(name);
    return id === undefined ? undefined : { id, name, version: 0 };
  }

  #eventAt(position: number): RawEvent | undefined {
    const segment = this.#segments.findLast(({ firstPosition }) => firstPosition <= position);
    if (!segment || position >= segment.firstPosition + segment.count) return undefined;
    return copy(segment.event(position - segment.firstPosition));
  }

  #page({ aggregate, from, limit }: PageQuery): readonly RawEvent[] {
    if (this.#closed) throw new EngineClosedError('The engine is closed. Open it again before reading.');
    const first = this.#segments[0]?.firstPosition ?? 1;
    const kept = from < first && aggregate === undefined && limit === 1 && this.#deadLetters.eventOf(from);
    if (kept) return [kept];
    if (aggregate === undefined && from < first) throw notRetained(first);
    const events: RawEvent[] = [];
    let hasOlder = false;
    // From the end: what follows the log asks for the newest events, again and again.
    const begin =
      aggregate === undefined
        ? this.#segments.findLastIndex(({ firstPosition }) => firstPosition <= from)
        : 0;
    for (const segment of this.#segments.slice(Math.max(0, begin))) {
      for (let row = 0; row < segment.count && events.length < limit; row++) {
        if (aggregate === undefined) {
          if (segment.firstPosition + row >= from) events.push(segment.event(row));
        } else if (segment.aggregate[row] === aggregate) {
          if ((segment.version[row] as number) >= from) events.push(segment.event(row));
          else hasOlder = true;
        }
      }
      if (events.length === limit) break;
    }
    // An aggregate's early versions may be among the dropped ones.
    const isWhole = aggregate === undefined || first === 1 || hasOlder || events[0]?.version === from;
    if (!isWhole) throw notRetained(first, events[0]?.version);
    return events;
  }
}

/** @param version the first of an aggregate's versions that is kept, of those that were asked for. */
function notRetained(first: number, version?: number): NotRetainedError {
  return new NotRetainedError(
    `Events before position ${first} are no longer kept in memory. Read from there on, or open the engine with a store.`,
    { details: { firstPosition: first, ...(version !== undefined && { firstVersion: version }) } },
  );
}

/** An event with bytes of its own, so that it does not keep its whole segment in memory. */
function copy(event: RawEvent): RawEvent {
  return { ...event, data: Buffer.from(event.data), metadata: event.metadata && Buffer.from(event.metadata) };
}
