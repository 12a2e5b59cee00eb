import { PROGRESS_CHUNK } from '../limits.js';
import type {
  CommitBatch,
  EventReader,
  ProfileOrder,
  ProgressChange,
  Slab,
  Store,
  StoreState,
  ThreadReading,
  TypeToStore,
} from './store.js';

/** A store with an eye on its progress: which events are handled, as of what is committed. */
export class WatchedStore implements Store {
  readonly #store: Store;
  readonly #waiting = new Map<number, Set<() => void>>();
  readonly #chunks = new Map<number, Uint8Array>();
  #mark = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  get location(): string {
    return this.#store.location;
  }

  set onDamage(listener: ((error: Error) => void) | undefined) {
    this.#store.onDamage = listener;
  }

  get reader(): EventReader {
    return this.#store.reader;
  }

  get indexed(): number {
    return this.#store.indexed;
  }

  get maxStateBytes(): number | undefined {
    return this.#store.maxStateBytes;
  }

  exists(): boolean {
    return this.#store.exists();
  }

  /** Whether the event is handled and that is committed; true for a skipped one as well. */
  isHandled(position: number): boolean {
    if (position <= this.#mark) return true;
    const bits = this.#chunks.get(Math.floor((position - 1) / PROGRESS_CHUNK));
    const bit = (position - 1) % PROGRESS_CHUNK;
    return bits !== undefined && (((bits[bit >>> 3] as number) >>> (bit & 7)) & 1) === 1;
  }

  /** Resolves when the event is handled; never, when the signal aborts before. */
  async whenHandled(position: number, signal: AbortSignal): Promise<void> {
    if (this.isHandled(position)) return;
    await new Promise<void>((resolve) => {
      const waiting = this.#waiting.get(position) ?? new Set();
      this.#waiting.set(position, waiting.add(resolve));
      signal.addEventListener('abort', () => this.#leave(position, resolve), { once: true });
    });
  }

  async open(types: readonly TypeToStore[]): Promise<StoreState> {
    const state = await this.#store.open(types);
    this.#take(state.progress);
    return state;
  }

  async commit(batch: CommitBatch): Promise<void> {
    await this.#store.commit(batch);
    if (batch.progress) this.#take(batch.progress);
  }

  forget(slab: Slab): void {
    this.#store.forget(slab);
  }

  async profile(order: ProfileOrder): Promise<ThreadReading | undefined> {
    return this.#store.profile?.(order);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #take({ mark, chunks }: ProgressChange): void {
    this.#mark = mark;
    for (const { index, bits } of chunks) this.#chunks.set(index, bits);
    for (const index of this.#chunks.keys()) {
      if ((index + 1) * PROGRESS_CHUNK <= mark) this.#chunks.delete(index);
    }
    for (const [position, waiting] of this.#waiting) {
      if (!this.isHandled(position)) continue;
      this.#waiting.delete(position);
      for (const resolve of waiting) resolve();
    }
  }

  #leave(position: number, resolve: () => void): void {
    const waiting = this.#waiting.get(position);
    waiting?.delete(resolve);
    if (waiting?.size === 0) this.#waiting.delete(position);
  }
}
