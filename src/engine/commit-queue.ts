import type { Shape } from '../events/codec.js';
import { COMMITS_IN_FLIGHT } from '../limits.js';
import type { Progress } from '../store/progress.js';
import type { Segment, Store } from '../store/store.js';
import type { HubSlab } from './slab-pool.js';

/** A segment of the hub's own slabs. */
export interface HubSegment extends Segment {
  readonly slab: HubSlab;
  readonly from: number;
  to: number;
}

/** What the hub wants to know of commits. */
export interface CommitEvents {
  /** A batch is being sent; the returned function is called once it is committed. */
  sending(): () => void;
  /** Payload shapes that are new since the last call. */
  newShapes(): readonly Shape[];
  /** Rows are durable. */
  committed(segments: readonly HubSegment[]): void;
  failed(error: Error): void;
}

/**
 * Gathers rows and progress into commit messages. At most `COMMITS_IN_FLIGHT` are under way; what comes
 * meanwhile goes into the next one, so commits grow with the load by themselves. Everything that is added in
 * one turn of the event loop lies in one message, and a message is never split: that makes a lane's emitted
 * events and its progress one transaction.
 */
export class CommitQueue {
  readonly #store: Store;
  readonly #progress: Progress;
  readonly #events: CommitEvents;
  #segments: HubSegment[] = [];
  #inFlight = 0;
  #scheduled = false;
  #stopped = false;
  commits = 0;

  constructor(store: Store, progress: Progress, events: CommitEvents) {
    this.#store = store;
    this.#progress = progress;
    this.#events = events;
  }

  /** Whether everything added is committed. */
  get isIdle(): boolean {
    return this.#inFlight === 0 && this.#segments.length === 0 && !this.#progress.changed;
  }

  /** Adds the row that was written last into `slab`. */
  add(slab: HubSlab): void {
    const last = this.#segments.at(-1);
    const row = slab.rows - 1;
    slab.holds++;
    if (last && last.slab === slab && last.to === row) last.to = row + 1;
    else this.#segments.push({ slab, from: row, to: row + 1 });
    this.schedule();
  }

  /** Sends what there is at the end of the running turn, if a commit may be sent. */
  schedule(): void {
    if (this.#scheduled || this.#inFlight >= COMMITS_IN_FLIGHT) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Sends what there is now. Never called between the parts of one lane result. */
  flush(): void {
    const nothing = this.#segments.length === 0 && !this.#progress.changed;
    if (this.#stopped || nothing || this.#inFlight >= COMMITS_IN_FLIGHT) return;
    const segments = this.#segments;
    this.#segments = [];
    const progress = this.#progress.changed ? this.#progress.take() : undefined;
    const settled = this.#events.sending();
    this.#inFlight++;
    this.commits++;
    const shapes = this.#events.newShapes();
    this.#store.commit({ segments, progress, shapes }).then(
      () => {
        this.#inFlight--;
        this.#events.committed(segments);
        settled();
        this.schedule();
      },
      (error: Error) => {
        this.#stopped = true;
        this.#events.failed(error);
      },
    );
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true;
  }
}
