import type { CommitBatch, EventReader, Slab, Store, StoreState, TypeToStore } from 'millrace/testing';

/** A store that does everything as another one does; the broken ones differ in one thing each. */
export class Delegate implements Store {
  readonly inner: Store;

  constructor(inner: Store) {
    this.inner = inner;
  }

  get location(): string {
    return this.inner.location;
  }

  get indexed(): number {
    return this.inner.indexed;
  }

  get reader(): EventReader {
    return this.inner.reader;
  }

  exists(): boolean {
    return this.inner.exists();
  }

  open(types: readonly TypeToStore[]): Promise<StoreState> {
    return this.inner.open(types);
  }

  commit(batch: CommitBatch): Promise<void> {
    return this.inner.commit(batch);
  }

  forget(slab: Slab): void {
    this.inner.forget(slab);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
