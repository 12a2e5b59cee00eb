import type { KnownRun } from './fences.js';
import { HashFilter } from './hash-filter.js';
import { FILTER_PAGES, FILTERS_BYTES } from './limits.js';
import type { RunReader } from './run-reader.js';

/** What is known of one run, and how many of its pages are in it. */
interface Built {
  readonly filter: HashFilter;
  readonly bytes: number;
  pages: number;
}

/** Keeps in memory which hashes the runs of names may have, so that a new name asks none of them. */
export class RunFilters {
  readonly #reader: RunReader;
  readonly #built = new Map<number, Built>();
  #runs: readonly KnownRun[] = [];
  #bytes = 0;

  constructor(reader: RunReader) {
    this.#reader = reader;
  }

  /** From now on about these; what is known of others is forgotten. */
  use(runs: readonly KnownRun[]): void {
    if (runs === this.#runs) return;
    this.#runs = runs;
    const ids = new Set(runs.map(({ id }) => id));
    for (const [id, { bytes }] of this.#built) {
      if (ids.has(id)) continue;
      this.#built.delete(id);
      this.#bytes -= bytes;
    }
  }

  /** Reads some pages of runs that are not known yet, inside the caller's transaction. @throws StoreCorruptError */
  build(): void {
    let left = FILTER_PAGES;
    for (const run of this.#runs) {
      const built = this.#built.get(run.id) ?? this.#begin(run);
      if (!built) continue;
      for (; left > 0 && built.pages < run.pages; left--) {
        for (const { key } of this.#reader.page(run, built.pages)) built.filter.add(key);
        built.pages++;
      }
      if (left === 0) return;
    }
  }

  /** Whether a run may have a hash. */
  mayHave(run: KnownRun, hash: number): boolean {
    const built = this.#built.get(run.id);
    return built === undefined || built.pages < run.pages || built.filter.mayHave(hash);
  }

  /** Whether any of the runs may. */
  mayAnyHave(hash: number): boolean {
    for (const run of this.#runs) if (this.mayHave(run, hash)) return true;
    return false;
  }

  #begin({ id, count }: KnownRun): Built | undefined {
    const bytes = HashFilter.bytesFor(count);
    if (this.#bytes + bytes > FILTERS_BYTES) return undefined;
    const built = { filter: new HashFilter(count), bytes, pages: 0 };
    this.#built.set(id, built);
    this.#bytes += bytes;
    return built;
  }
}
