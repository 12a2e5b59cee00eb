import { type CommitBatch, MemoryStore, storeContract } from 'millrace/testing';
import { describe, test } from 'vitest';

class CountingStore extends MemoryStore {
  commits = 0;

  override commit(batch: CommitBatch): Promise<void> {
    this.commits++;
    return super.commit(batch);
  }
}

describe('CountingStore', () => {
  for (const { name, run } of storeContract((run) => new CountingStore(run))) test(name, run);
});
