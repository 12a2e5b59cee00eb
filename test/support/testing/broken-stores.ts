import type {
  CommitBatch,
  DeadLetterRecord,
  EventReader,
  RawEvent,
  Slab,
  Store,
  StoreState,
  TypeToStore,
} from 'millrace/testing';
import { Delegate } from './delegate-store.js';

/** A store whose reader differs. */
function withReader(change: (reader: EventReader) => Partial<EventReader>): (inner: Store) => Store {
  return (inner) =>
    new (class extends Delegate {
      override get reader(): EventReader {
        const reader = super.reader;
        return {
          types: reader.types,
          codec: reader.codec,
          page: (query) => reader.page(query),
          findName: (name) => reader.findName(name),
          nameOf: (id) => reader.nameOf(id),
          allNames: (limit) => reader.allNames(limit),
          deadLetters: (query) => reader.deadLetters(query),
          deadLetter: (position) => reader.deadLetter(position),
          consumers: (name) => reader.consumers(name),
          states: (query) => reader.states(query),
          statesOf: (keys) => reader.statesOf(keys),
          stateTypes: () => reader.stateTypes(),
          timers: (query) => reader.timers(query),
          timersOf: (key) => reader.timersOf(key),
          timer: (key, name) => reader.timer(key, name),
          timerCounts: () => reader.timerCounts(),
          commands: (query) => reader.commands(query),
          processing: reader.processing,
          ...change(reader),
        };
      }
    })(inner);
}

const withEvents = (change: (event: RawEvent) => RawEvent) =>
  withReader((reader) => ({ page: (query) => reader.page(query).map(change) }));

const withState = (change: (state: StoreState) => Partial<StoreState>) => (inner: Store) =>
  new (class extends Delegate {
    override async open(types: readonly TypeToStore[]): Promise<StoreState> {
      const state = await super.open(types);
      return { ...state, ...change(state) };
    }
  })(inner);

const withCommits = (change: (batch: CommitBatch) => CommitBatch) => (inner: Store) =>
  new (class extends Delegate {
    override commit(batch: CommitBatch): Promise<void> {
      return super.commit(change(batch));
    }
  })(inner);

/** Holds each commit back until the next one has been stored, or nothing else is to come. */
function outOfOrder(inner: Store): Store {
  return new (class extends Delegate {
    #held: (() => Promise<void>) | undefined;

    override commit(batch: CommitBatch): Promise<void> {
      const before = this.#held;
      return new Promise((resolve, reject) => {
        const store = () => super.commit(batch).then(resolve, reject);
        if (before) {
          this.#held = undefined;
          void store().then(before);
        } else {
          this.#held = store;
          setImmediate(() => {
            if (this.#held === store) void store();
          });
        }
      });
    }
  })(inner);
}

/** Reads payloads where the slab had them, whatever is there by now. */
function uncopied(inner: Store): Store {
  const slabs: { readonly slab: Slab; readonly from: number; readonly to: number }[] = [];
  const current = (event: RawEvent): RawEvent => {
    const segment = slabs.find(({ slab, from, to }) => {
      for (let row = from; row < to; row++) if (slab.position[row] === event.position) return true;
      return false;
    });
    if (!segment) return event;
    const row = segment.slab.position.indexOf(event.position);
    const start = segment.slab.dataOffset[row] ?? 0;
    return { ...event, data: segment.slab.bytes.subarray(start, start + event.data.length) };
  };
  const reading = withEvents(current)(inner);
  return new (class extends Delegate {
    override commit(batch: CommitBatch): Promise<void> {
      slabs.push(...batch.segments);
      return super.commit(batch);
    }
  })(reading);
}

const last = <Item>(items: readonly Item[]): readonly Item[] => items.slice(0, -1);

/** What may be wrong with a store in memory, the check that finds it, and what it says. */
export const BROKEN_STORES: readonly [
  fault: string,
  breakIt: (inner: Store) => Store,
  check: string,
  text: RegExp,
][] = [
  [
    'begins at another position',
    withState(() => ({ lastPosition: 5 })),
    'a new store is empty and has numbered the event types',
    /state.lastPosition: expected 0, got 5/,
  ],
  [
    'gives two types one number',
    withState(({ types }) => ({ types: types.map((type) => ({ ...type, id: 1 })) })),
    'a new store is empty and has numbered the event types',
    /state.types\[1\].id: expected 2, got 1/,
  ],
  [
    'forgets partition keys',
    withEvents((event) => ({ ...event, partitionKey: undefined })),
    'what is committed is read as it went in',
    /events of the log\[1\].partitionKey: expected 3, got undefined/,
  ],
  [
    'forgets causes',
    withEvents((event) => ({ ...event, causation: 0 })),
    'what is committed is read as it went in',
    /causation: expected 1, got 0/,
  ],
  [
    'stores commits out of order',
    outOfOrder,
    'commits are stored in the order in which they were made, also when nobody waits between them',
    /Events before position 21 are no longer kept/,
  ],
  [
    'gives its first page for ever',
    withReader((reader) => ({ page: (query) => reader.page({ ...query, from: 1 }) })),
    'what is committed is read as it went in',
    /The page from 6 on ends at 5, so reading never ends/,
  ],
  [
    'stores only the first piece of a commit',
    withCommits((batch) => ({ ...batch, segments: batch.segments.slice(0, 1) })),
    'a commit may have several pieces, of several slabs',
    /number of events of the log: expected 8, got 4/,
  ],
  [
    'does not copy what it stores',
    uncopied,
    "a slab's memory may be used again once its commit has resolved",
    /data: expected <Buffer/,
  ],
  [
    'gives more than was asked for',
    withReader((reader) => ({ page: (query) => reader.page({ ...query, limit: query.limit + 1 }) })),
    'pages begin where they are asked to and have no more events than asked for',
    /number of events of the page \(1, 1\): expected 1, got 2/,
  ],
  [
    'skips the last event of a page',
    withReader((reader) => ({ page: (query) => last(reader.page(query)) })),
    'pages begin where they are asked to and have no more events than asked for',
    /expected 1, got 0/,
  ],
  [
    'begins every aggregate at its first version',
    withReader((reader) => ({
      page: (query) => reader.page(query.aggregate === undefined ? query : { ...query, from: 1 }),
    })),
    "an aggregate's events are read in version order, with and without the engine's help",
    /The page from 8 on ends at 7, so reading never ends/,
  ],
  [
    'does not find names',
    withReader(() => ({ findName: () => undefined })),
    'names are found by number and numbers by name, of aggregates and of partition keys',
    /findName\('order-1'\).id: expected 1, got undefined/,
  ],
  [
    'forgets shapes',
    withCommits((batch) => ({ ...batch, shapes: [] })),
    'payloads refer to shapes that came with their commit or before',
    /end of buffer not reached/,
  ],
  [
    'cuts long payloads',
    withEvents((event) => ({ ...event, data: event.data.subarray(0, 100_000) })),
    'an event of a megabyte comes back whole',
    /data: expected <Buffer/,
  ],
  [
    'can be read when it is closed',
    withReader((reader) => ({
      page: (query) => {
        try {
          return reader.page(query);
        } catch {
          return [];
        }
      },
    })),
    'a closed store is not read any more',
    /must throw an EngineClosedError/,
  ],
  [
    'has dead letters in the order in which they came',
    withReader((reader) => ({
      deadLetters: ({ after, limit }) =>
        [...reader.deadLetters({ after, limit: 99 })].reverse().slice(0, limit),
    })),
    'dead letters come back as they went in, in position order and in pages',
    /the first page\[0\]/,
  ],
  [
    'removes dead letters after it has put new ones',
    withCommits(({ deadLetters, ...batch }) => {
      const remove = deadLetters?.remove ?? [];
      const kept = (letter: DeadLetterRecord) => !remove.some(({ position }) => position === letter.position);
      return {
        ...batch,
        ...(deadLetters && { deadLetters: { remove, put: deadLetters.put.filter(kept) } }),
      };
    }),
    'a commit removes dead letters before it puts new ones, and commits follow each other',
    /dead letters: expected/,
  ],
  [
    'gives all consumers when one is asked for',
    withReader((reader) => ({ consumers: () => reader.consumers() })),
    'consumers come back as they went in, by name, all or one',
    /consumers\('b'\)/,
  ],
  [
    'forgets what a consumer was done with when more is added',
    withCommits(({ consumers = [], ...batch }) => ({
      ...batch,
      consumers: consumers.map((change) =>
        change.kind === 'update' ? { ...change, kind: 'reset' } : change,
      ),
    })),
    'a change of a consumer adds to it, takes its place, or removes it, and touches no other',
    /consumers\(\)\[0\]/,
  ],
  [
    'gives all states when those of one key are asked for',
    withReader((reader) => ({ states: ({ from, limit }) => reader.states({ from, limit }) })),
    'states come back as they went in, by key, and in pages in the order of keys and types',
    /states of key 1/,
  ],
  [
    'gives the states of the first of some keys only',
    withReader((reader) => ({ statesOf: (keys) => reader.statesOf(keys.slice(0, 1)) })),
    'states come back as they went in, by key, and in pages in the order of keys and types',
    /states of keys 1 and 3/,
  ],
  [
    'keeps the first state of a key',
    withCommits(({ states, ...batch }) => ({
      ...batch,
      ...(states && (states.types.length > 0 || batch.segments.length > 0) && { states }),
    })),
    'a state takes the place of the one before, and no other',
    /states\[0\]/,
  ],
  [
    'loses the events of a position that is asked for alone',
    withReader((reader) => ({ page: (query) => (query.limit === 1 ? [] : reader.page(query)) })),
    "a dead letter's event can be read by its position",
    /number of events at position 3: expected 1, got 0/,
  ],
  [
    'mixes up payloads',
    withEvents((event) => ({ ...event, occurredAt: event.occurredAt + 1 })),
    'a deterministic run has the fingerprint that it has in memory',
    /fingerprint: expected/,
  ],
];

/** The same for a store that is opened again. */
export const FORGETFUL_STORES: typeof BROKEN_STORES = [
  [
    'finds no log where there is one',
    (inner) =>
      new (class extends Delegate {
        override exists(): boolean {
          return false;
        }
      })(inner),
    'a store says whether there is a log for it to open',
    /exists\(\) of a store that is to be reopened: expected true, got false/,
  ],
  [
    'forgets the last position',
    withState(() => ({ lastPosition: 0 })),
    'a reopened store has its events, names and run, and goes on behind them',
    /state.lastPosition: expected 30, got 0/,
  ],
  [
    'forgets how many names there are',
    withState(() => ({ lastName: 0 })),
    'a reopened store has its events, names and run, and goes on behind them',
    /state.lastName: expected 5, got 0/,
  ],
  [
    'forgets versions',
    withReader((reader) => ({
      allNames: (limit) => [...(reader.allNames(limit) ?? [])].map((name) => ({ ...name, version: 0 })),
    })),
    'a reopened store knows the last version of each name, or gives all events to count',
    /versions\[0\]\[1\]: expected 2, got 0/,
  ],
  [
    'numbers types anew',
    withState(({ types }) => ({ types: types.map((type) => ({ ...type, id: types.length + 1 - type.id })) })),
    'event types keep their numbers, and new ones get new numbers',
    /the first types/,
  ],
  [
    'keeps only the mark of the progress',
    withState(({ progress }) => ({ progress: { ...progress, chunks: [] } })),
    'progress is a mark and the chunks above it',
    /state.progress.chunks: expected/,
  ],
  [
    'loses shapes',
    withState(({ shapes }) => ({ shapes: last(shapes) })),
    'shapes are numbered for the life of the log',
    /state.shapes: expected/,
  ],
  [
    'forgets that a key is parked',
    withState(({ deadLetters }) => ({ deadLetters: { ...deadLetters, parked: [] } })),
    'parked dead letters, and those to be tried again, are known at the next opening',
    /state.deadLetters.parked: expected/,
  ],
  [
    'forgets that a key is parked, for an engine',
    withState(({ deadLetters }) => ({ deadLetters: { ...deadLetters, parked: [] } })),
    'a key that was parked is parked when the store is opened again',
    /parked keys: expected 1, got 0/,
  ],
  [
    'takes everything for handled',
    withState(({ lastPosition }) => ({ progress: { mark: lastPosition, chunks: [] } })),
    'an engine that stopped goes on with what was durable and not handled, and does nothing twice',
    /numbers that were counted/,
  ],
  [
    'takes nothing for handled',
    withState(() => ({ progress: { mark: 0, chunks: [] } })),
    'an engine that stopped goes on with what was durable and not handled, and does nothing twice',
    /numbers that were counted/,
  ],
];
