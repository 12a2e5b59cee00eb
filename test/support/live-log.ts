import { encodeError } from '../../dist/src/kernel/error-codec.js';
import { lateName } from '../../dist/src/store/consumer.js';
import { slotOf } from '../../dist/src/store/state.js';
import { Writer } from '../../dist/src/store/writer.js';
import { LogRows, ROW_TYPE } from './log-rows.js';
import { packAll } from './pack-all.js';
import { tempStore } from './temp-folder.js';

/** A log of one type, open for writing, and everything that the threads of an engine do to it, one step at a time. */
export class LiveLog implements Disposable {
  readonly path = tempStore();
  readonly writer = new Writer({ path: this.path, synchronous: 'NORMAL', run: 'run', types: [ROW_TYPE] });
  readonly #rows = new LogRows({ bytes: 1_000_000 });
  readonly #text: string;
  #events = 0;
  #steps = 0;
  #states = 0;

  /** @param text a part of each payload. */
  constructor(text = '') {
    this.#text = text;
    this.writer.addSlab(this.#rows.slab.id, this.#rows.slab.memory);
  }

  get events(): number {
    return this.#events;
  }

  /** Commits so many events of a few old aggregates and one new one. */
  add(events = 40): void {
    for (let event = 0; event < events; event++) {
      this.#rows.add(event === 0 ? `new${this.#events}` : `a${event % 13}`, {
        number: ++this.#events,
        text: this.#text,
      });
    }
    const segments = this.#rows.take().map(({ slab, from, to }) => ({ slab: slab.id, from, to }));
    this.writer.commit([{ segments, progress: undefined, shapes: [] }]);
    this.#rows.stored();
  }

  /** Packs once, if there is anything to pack. */
  pack(): void {
    packAll(this.writer, this.path, 1);
  }

  /** Makes a run of what no run has yet. */
  index(): void {
    this.writer.index();
  }

  /** Makes another run, and merges runs when there are enough. */
  merge(): void {
    this.add(3);
    this.index();
    while (this.writer.indexQuietly());
  }

  /** Everything so far is handled. */
  finish(): void {
    this.writer.commit([{ segments: [], progress: { mark: this.#events, chunks: [] }, shapes: [] }]);
  }

  /** A handler that comes late asks for old events, and parks the key of the first one of them. */
  parkLate(): void {
    const letter = { position: 1, key: 1, state: 'parked', attempts: 1, handler: 'late', lane: 0 } as const;
    const owners = [lateName(ROW_TYPE.name, 'late', this.#events)];
    const error = encodeError(new Error('no'));
    this.writer.commit([
      {
        ...{ segments: [], progress: undefined, shapes: [] },
        deadLetters: {
          put: [{ ...letter, owners, firstFailedAt: 1, failedAt: 2, error, retry: false }],
          remove: [],
        },
        consumers: [
          {
            ...{ kind: 'reset', name: lateName(ROW_TYPE.name, 'late', this.#events) },
            ...{ progress: { mark: 0, chunks: [] }, put: [], removed: [] },
          },
        ],
      },
    ]);
  }

  /** Everything so far is handled, and has left the first key a state of a type that the log did not have. */
  keepState(): void {
    const id = ++this.#states;
    this.writer.commit([
      {
        ...{ segments: [], progress: { mark: this.#events, chunks: [] }, shapes: [] },
        states: {
          types: [{ id, name: `state-${id}`, version: 1 }],
          slots: Float64Array.of(slotOf(1, id)),
          positions: Float64Array.of(1),
          ends: Uint32Array.of(1),
          bytes: Uint8Array.of(id),
        },
      },
    ]);
  }

  /** One of these, each in its turn, and sometimes a checkpoint. */
  step(): void {
    const steps = [() => this.pack(), () => this.add(), () => this.index(), () => this.merge()];
    steps[this.#steps++ % steps.length]?.();
    if (this.#steps % 7 === 0) this.writer.checkpoint();
  }

  [Symbol.dispose](): void {
    this.writer.close();
  }
}
