import { StoreIoError } from 'millrace/errors';
import { Codec } from '../../../dist/src/events/codec.js';
import type { StoredType } from '../../../dist/src/events/registry.js';
import type { Shape } from '../../../dist/src/events/shape-index.js';
import {
  type DeadLetterRecord,
  joined,
  type LetterCount,
  without,
} from '../../../dist/src/store/dead-letter.js';
import { MemoryCommands } from '../../../dist/src/store/memory/memory-commands.js';
import { MemoryConsumers } from '../../../dist/src/store/memory/memory-consumers.js';
import { MemoryProcessing } from '../../../dist/src/store/memory/memory-processing.js';
import { MemorySnapshots } from '../../../dist/src/store/memory/memory-snapshots.js';
import { MemoryStates } from '../../../dist/src/store/memory/memory-states.js';
import { MemoryTimers } from '../../../dist/src/store/memory/memory-timers.js';
import { Progress, type ProgressChunk } from '../../../dist/src/store/progress.js';
import type { StoreState, TypeToStore } from '../../../dist/src/store/protocol.js';
import type { StoredSnapshot } from '../../../dist/src/store/snapshot.js';
import type { CommitBatch, EventReader, RawEvent, Segment, Store } from '../../../dist/src/store/store.js';
import type { Steps } from './steps.js';

/** One transaction as it lies on the disk. */
interface Written {
  readonly events: readonly RawEvent[];
  readonly names: readonly (readonly [number, string])[];
  readonly batch: Pick<
    CommitBatch,
    'progress' | 'shapes' | 'deadLetters' | 'consumers' | 'states' | 'timers' | 'snapshots' | 'commands'
  >;
}

/** A disk that outlives processes. Each transaction is whole or not there; the newest may not be synced. */
export class SimDisk {
  readonly types: StoredType[] = [];
  readonly #written: Written[] = [];

  get transactions(): number {
    return this.#written.length;
  }

  write(written: Written): void {
    this.#written.push(written);
  }

  /** A power cut takes the newest transactions that no fsync has secured. */
  loseLast(count: number): void {
    this.#written.splice(this.#written.length - count);
  }

  /** What is on the disk, put together. */
  read(): Contents {
    const contents = new Contents(this.types);
    for (const written of this.#written) contents.add(written);
    return contents;
  }
}

/** The log that a disk holds. */
export class Contents {
  readonly types: ReadonlyMap<number, StoredType>;
  readonly events: RawEvent[] = [];
  readonly names = new Map<number, string>();
  readonly shapes: Shape[] = [];
  readonly letters = new Map<number, DeadLetterRecord>();
  readonly chunks = new Map<number, ProgressChunk>();
  readonly consumers = new MemoryConsumers();
  readonly states = new MemoryStates();
  readonly timers = new MemoryTimers();
  readonly snapshots = new MemorySnapshots();
  /** Also those that another one has taken the place of, with the last position of then. */
  readonly everSaved: { readonly snapshot: StoredSnapshot; readonly last: number }[] = [];
  readonly commands = new MemoryCommands();
  readonly codec = new Codec([], () => this.shapes);
  mark = 0;

  constructor(types: readonly StoredType[]) {
    this.types = new Map(types.map((type) => [type.id, type]));
  }

  add({ events, names, batch }: Written): void {
    for (const event of events) {
      if (event.position !== this.events.length + 1) throw new Error(`hole at ${event.position}`);
      this.events.push(event);
    }
    for (const [id, name] of names) this.names.set(id, name);
    this.shapes.push(...batch.shapes);
    for (const settled of batch.deadLetters?.remove ?? []) {
      const letter = this.letters.get(settled.position);
      const left = letter && without(letter, settled);
      if (left) this.letters.set(left.position, left);
      else this.letters.delete(settled.position);
    }
    for (const letter of batch.deadLetters?.put ?? []) {
      this.letters.set(letter.position, joined(this.letters.get(letter.position), letter));
    }
    for (const change of batch.consumers ?? []) this.consumers.apply(change);
    if (batch.states) this.states.apply(batch.states);
    if (batch.timers) this.timers.apply(batch.timers);
    const { snapshots = [] } = batch;
    this.snapshots.apply(snapshots);
    for (const snapshot of snapshots) this.everSaved.push({ snapshot, last: this.events.length });
    if (batch.commands) this.commands.apply(batch.commands);
    if (!batch.progress) return;
    this.mark = batch.progress.mark;
    for (const chunk of batch.progress.chunks) this.chunks.set(chunk.index, chunk);
  }

  get progress(): Progress {
    return new Progress(this.mark, [...this.chunks.values()]);
  }

  nameOf(id: number): string {
    return this.names.get(id) ?? '';
  }
}

/** The store of one process on the disk: commits are written, and acknowledged, when a step says so. */
export class SimStore implements Store {
  readonly location: string;
  readonly indexed = Number.POSITIVE_INFINITY;
  readonly disk: SimDisk;
  readonly #steps: Steps;
  readonly #id: string;
  readonly #mayFail: () => boolean;
  #contents: Contents;
  readonly #pending: Promise<void>[] = [];
  #failed: Error | undefined;

  constructor(disk: SimDisk, steps: Steps, id: string, mayFail: () => boolean) {
    this.disk = disk;
    this.location = 'simulated';
    this.#steps = steps;
    this.#id = id;
    this.#mayFail = mayFail;
    this.#contents = disk.read();
  }

  readonly reader: EventReader = {
    types: new Map(),
    codec: new Codec([], () => this.#contents.shapes),
    page: ({ aggregate, from, limit }) => {
      const { events } = this.#contents;
      const found =
        aggregate === undefined
          ? events.slice(from - 1)
          : events.filter((event) => event.aggregate === aggregate && event.version >= from);
      return found.slice(0, limit);
    },
    findName: (name) => {
      for (const [id, known] of this.#contents.names) {
        if (known !== name) continue;
        const version = this.#contents.events.findLast(({ aggregate }) => aggregate === id)?.version ?? 0;
        return { id, name, version };
      }
      return undefined;
    },
    nameOf: (id) => this.#contents.nameOf(id),
    allNames: () => {
      const versions = new Map<number, number>();
      for (const { aggregate, version } of this.#contents.events) versions.set(aggregate, version);
      return [...this.#contents.names].map(([id, name]) => ({ id, name, version: versions.get(id) ?? 0 }));
    },
    deadLetters: ({ after, limit }) =>
      [...this.#contents.letters.values()]
        .filter(({ position }) => position > after)
        .sort((a, b) => a.position - b.position)
        .slice(0, limit),
    deadLetter: (position) => this.#contents.letters.get(position),
    consumers: (name) => this.#contents.consumers.all(name),
    states: (query) => this.#contents.states.page(query),
    statesOf: (keys) => this.#contents.states.ofKeys(keys),
    stateTypes: () => this.#contents.states.types,
    timers: (query) => this.#contents.timers.page(query),
    timersOf: (key) => this.#contents.timers.ofKey(key),
    timer: (key, name) => this.#contents.timers.find(key, name),
    timerCounts: () => this.#contents.timers.counts(),
    snapshot: (aggregate) => this.#contents.snapshots.find(aggregate),
    commands: (query) => this.#contents.commands.page(query),
    processing: new MemoryProcessing(),
  };

  exists(): boolean {
    return true;
  }

  async open(types: readonly TypeToStore[]): Promise<StoreState> {
    await this.#steps.wait(`${this.#id}.in`, 'open store');
    for (const type of types) {
      if (this.disk.types.some(({ name }) => name === type.name)) continue;
      this.disk.types.push({ ...type, id: this.disk.types.length + 1 });
    }
    this.#contents = this.disk.read();
    const { types: known, consumers } = this.#contents;
    Object.assign(this.reader, { types: known, processing: consumers.processing });
    const { events, names, shapes, mark, chunks, letters } = this.#contents;
    const of = (state: string, retry: boolean) =>
      [...letters.values()].filter((letter) => letter.state === state && letter.retry === retry);
    return {
      run: 'sim',
      lastPosition: events.length,
      lastName: Math.max(0, ...names.keys()),
      types: this.disk.types,
      shapes,
      progress: { mark, chunks: [...chunks.values()] },
      deadLetters: {
        parked: of('parked', false),
        late: countByOwner([...letters.values()]),
        retry: of('skipped', true).map(({ position }) => position),
        retryParked: of('parked', true).map(({ position }) => position),
      },
      states: this.#contents.states.types,
      timers: !this.#contents.timers.isEmpty,
      commands: this.#contents.commands.last,
      indexed: events.length,
    };
  }

  commit(batch: CommitBatch): Promise<void> {
    const committed = this.#commit(batch);
    this.#pending.push(committed);
    return committed;
  }

  /** As the writer does: what was sent is written, or refused, before the file is let go of. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  async #commit(batch: CommitBatch): Promise<void> {
    await this.#steps.wait(`${this.#id}.in`, `write ${batch.segments.length} segments`);
    if (!this.#failed && this.#mayFail()) {
      this.#steps.note('I/O error');
      this.#failed = new StoreIoError('simulated I/O error');
    }
    if (this.#failed) throw this.#failed;
    // The rows are read now, not when they were sent: a slab that was given up too early would show.
    const written: Written = {
      events: batch.segments.flatMap(eventsOf),
      names: batch.segments.flatMap(namesOf),
      batch,
    };
    this.disk.write(written);
    this.#contents.add(written);
    await this.#steps.wait(`${this.#id}.out`, 'acknowledge');
  }

  /** What its process knows to be on the disk. */
  get contents(): Contents {
    return this.#contents;
  }

  /** Whether the log says that a position needs no lane any more. */
  isFinished(position: number): boolean {
    return this.#contents.progress.isFinished(position);
  }

  /** The position of the event of the same key before one. */
  previousOfKey(position: number): number | undefined {
    const { events } = this.#contents;
    const keyOf = ({ partitionKey, aggregate }: RawEvent) => partitionKey ?? aggregate;
    const key = keyOf(events[position - 1] as RawEvent);
    return events.slice(0, position - 1).findLast((event) => keyOf(event) === key)?.position;
  }

  /** Its process is gone. */
  silence(): void {
    this.#failed = new StoreIoError('the process is gone');
  }

  forget(): void {}
}

function countByOwner(letters: readonly DeadLetterRecord[]): ReadonlyMap<string, LetterCount> {
  const counts = new Map<string, LetterCount>();
  for (const { owners, state } of letters) {
    for (const owner of owners.filter((name) => name.startsWith('millrace:handler/'))) {
      const before = counts.get(owner) ?? { parked: 0, skipped: 0 };
      counts.set(owner, { ...before, [state]: before[state] + 1 });
    }
  }
  return counts;
}

function eventsOf({ slab, from, to }: Segment): RawEvent[] {
  return Array.from({ length: to - from }, (_, index) => {
    const row = from + index;
    const start = slab.dataOffset[row] as number;
    const end = start + (slab.dataLength[row] as number);
    const metadata = slab.metadataLength[row] as number;
    return {
      position: slab.position[row] as number,
      type: slab.type[row] as number,
      aggregate: slab.aggregate[row] as number,
      version: slab.version[row] as number,
      occurredAt: slab.occurredAt[row] as number,
      data: Buffer.from(slab.bytes.subarray(start, end)),
      partitionKey: slab.key[row] === slab.aggregate[row] ? undefined : slab.key[row],
      causation: slab.causation[row] as number,
      metadata: metadata === 0 ? undefined : Buffer.from(slab.bytes.subarray(end, end + metadata)),
    };
  });
}

function namesOf({ slab, from, to }: Segment): (readonly [number, string])[] {
  const names: (readonly [number, string])[] = [];
  const name = (id = 0, offset = 0, length = 0) => {
    names.push([id, slab.bytes.toString('utf8', offset, offset + length)]);
  };
  for (let row = from; row < to; row++) {
    if (slab.flags[row] === 0) continue;
    name(slab.aggregate[row], slab.nameOffset[row], slab.nameLength[row]);
    name(slab.key[row], slab.keyOffset[row], slab.keyLength[row]);
  }
  return names;
}
