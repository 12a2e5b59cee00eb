import type { Codec } from '../events/codec.js';
import type { StoredType } from '../events/registry.js';
import type { Shape } from '../events/shape-index.js';
import type { Slab } from '../events/slab.js';
import type { ProfileOrder, ThreadReading } from '../sampling/thread-profiler.js';
import type { CommandChange, CommandQuery, StoredCommand } from './command.js';
import type { ConsumerChange, StoredConsumer } from './consumer.js';
import type { DeadLetterChange, DeadLetterRange, DeadLetterRecord } from './dead-letter.js';
import type { StoredProcessing } from './processing.js';
import type { ProgressChange } from './progress.js';
import type { StoreState, TypeToStore } from './protocol.js';
import type { SnapshotChange, StoredSnapshot } from './snapshot.js';
import type { StateChange, StateQuery, StoredState, StoredStateType } from './state.js';
import type { StoredTimer, TimerChange, TimerCount, TimerQuery, TimerTicket } from './timer.js';

/** Rows `from` to `to - 1` of a slab, to be stored in this order. */
export interface Segment {
  readonly slab: Slab;
  readonly from: number;
  readonly to: number;
}

/** What one transaction stores. */
export interface CommitBatch {
  readonly segments: readonly Segment[];
  readonly progress: ProgressChange | undefined;
  /** Payload shapes that are new to the store, numbered on from those it has. */
  readonly shapes: readonly Shape[];
  /** Dead letters that come, change or go with the events and progress above. */
  readonly deadLetters?: DeadLetterChange | undefined;
  /** What consumers are done with, in the order in which it happened. */
  readonly consumers?: readonly ConsumerChange[];
  /** States that have changed with the progress above. */
  readonly states?: StateChange;
  /** Timers that were scheduled, cancelled or fired with the events and the progress above. */
  readonly timers?: TimerChange;
  /** Snapshots of aggregates, of events that are above or were stored before. */
  readonly snapshots?: SnapshotChange;
  /** Commands that handlers sent, and those that are decided, with the events and the progress above. */
  readonly commands?: CommandChange;
}

/** A name of the log, and the last version of the aggregate that bears it. */
export interface StoredName {
  readonly id: number;
  readonly name: string;
  readonly version: number;
}

/** An event as it lies in the store: numbers and bytes. */
export interface RawEvent {
  readonly position: number;
  readonly type: number;
  readonly aggregate: number;
  readonly version: number;
  readonly occurredAt: number;
  readonly data: Buffer;
  /** Undefined: the aggregate. */
  readonly partitionKey: number | undefined;
  readonly causation: number;
  readonly metadata: Buffer | undefined;
}

/** Which raw events to read. Exactly one page; the caller asks again from the last one on. */
export interface PageQuery {
  readonly aggregate?: number;
  /** First version (with `aggregate`) or position (without). */
  readonly from: number;
  readonly limit: number;
  /** With `aggregate`, when the caller knows: the positions of its events after a position, in order. */
  readonly tail?: (after: number) => readonly number[] | undefined;
}

/** Which raw events of some types to read, of the whole log. */
export interface TypedQuery {
  readonly from: number;
  /** At most so many. */
  readonly limit: number;
  /** Whether the type of that number is wanted. */
  readonly wants: (type: number) => boolean;
}

/** Some of the events that a `TypedQuery` asks for, perhaps none, and the position at which the next page begins. */
export interface TypedPage {
  readonly events: readonly RawEvent[];
  /** Every event below was looked at. Where the page began: there are no more. */
  readonly next: number;
}

/** Reading what is committed. Synchronous: a page is a finished statement, so no checkpoint ever waits for it. */
export interface EventReader {
  readonly types: ReadonlyMap<number, StoredType>;
  /** Decodes the events' payloads and metadata. */
  readonly codec: Codec;
  /** The types as the log has them by now, where others than the reader's owner may have brought some. */
  freshTypes?(): ReadonlyMap<number, StoredType>;
  page(query: PageQuery): readonly RawEvent[];
  /** A page of events of some types, quicker than `page` and a look at each. See `typedPage` in typed-pages.ts. */
  typedPage?(query: TypedQuery): TypedPage;
  /**
   * The id of a name, or undefined when the log does not know it.
   *
   * @param indexed when the caller knows the names of all events behind a position that is indexed: those need not be
   * looked through.
   */
  findName(name: string, indexed?: number): StoredName | undefined;
  nameOf(id: number): string;
  /** Names with their last versions, when there are at most `limit`; else undefined. */
  allNames(limit: number): Iterable<StoredName> | undefined;
  /** At most `limit` dead letters above the position `after`, in position order. */
  deadLetters(query: DeadLetterRange): readonly DeadLetterRecord[];
  deadLetter(position: number): DeadLetterRecord | undefined;
  /** The log's consumers by name, or the one of that name. */
  consumers(name?: string): readonly StoredConsumer[];
  /** States of keys, in the order of keys, then types. */
  states(query: StateQuery): readonly StoredState[];
  /**
   * Those of some keys, in any order.
   *
   * @param types those that are wanted: of others damage is no matter.
   * @throws StoreCorruptError
   */
  statesOf(keys: readonly number[], types?: ReadonlySet<number>): readonly StoredState[];
  /** The types of states that the log has, by id. */
  stateTypes(): readonly StoredStateType[];
  /** Pending timers, in the order of their places. */
  timers(query: TimerQuery): readonly TimerTicket[];
  /** Those of one key, in any order. */
  timersOf(key: number): readonly TimerTicket[];
  timer(key: number, name: string): StoredTimer | undefined;
  /** How many there are of each type of event. */
  timerCounts(): readonly TimerCount[];
  /** The snapshot of an aggregate, by the number of its name; left out where none are kept. @throws StoreCorruptError when it is damaged. */
  snapshot?(aggregate: number): StoredSnapshot | undefined;
  /** Handlers' commands that are not decided, in the order of their numbers: a page, empty behind the last. @throws StoreCorruptError */
  commands(query: CommandQuery): readonly StoredCommand[];
  /** What the log's event bus has noted. */
  readonly processing: StoredProcessing;
}

/** Where the log is kept. `SqliteStore` and `MemoryStore` pass the same contract tests. */
export interface Store {
  /** `memory`, or the path of the file. */
  readonly location: string;
  readonly reader: EventReader;
  /** Whether there is a log that `open` will find. @throws coded errors when something else is in its place. */
  exists(): boolean;
  /** @throws coded errors; nothing stays open then. */
  open(types: readonly TypeToStore[]): Promise<StoreState>;
  /**
   * Stores a batch in one transaction, after all batches before it. Resolves when it is as durable as the store
   * promises; rejects with a coded error, and then nothing of it is stored and the store takes no more.
   */
  commit(batch: CommitBatch): Promise<void>;
  /** Bytes that the states of all keys may take, at 200 for each besides its own; left out: as many as they take. */
  readonly maxStateBytes?: number | undefined;
  /** Called when a slab's memory is given up for good. */
  forget(slab: Slab): void;
  /** Events up to here are indexed: their aggregates' versions can be looked up. */
  readonly indexed: number;
  /** Called with damage that was met by what the store does unasked, and that stops nothing. */
  onDamage?: ((error: Error) => void) | undefined;
  /** Does what a profile asks of the store's thread, if it has one. */
  profile?(order: ProfileOrder): Promise<ThreadReading | undefined>;
  close(): Promise<void>;
}
