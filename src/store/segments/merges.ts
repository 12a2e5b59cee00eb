import { StoreCorruptError } from '../../kernel/errors.js';
import { damageIn, type Sqlite } from '../sqlite.js';
import { MERGE_RUNS, STEPS_A_PAGE } from './limits.js';
import { Merge, type ReadPage } from './merge.js';
import { PAGE_COLUMNS, pageId, type Run, RunKind } from './run.js';
import type { RunReader } from './run-reader.js';
import type { RunTable } from './run-table.js';

const KINDS = [RunKind.Names, RunKind.Events] as const;

/**
 * The merges of a log: at most one of each kind and tier at a time, and of those under way the one of the lowest tier
 * goes first. So the small ones never wait for a large one, and runs do not pile up behind it.
 */
export class Merges {
  readonly #table: RunTable;
  readonly #runs: RunReader;
  readonly #read: ReadPage;
  #active: Merge[] = [];
  /** Runs of a kind up to there stay as they are: one of them is damaged. */
  readonly #unmerged = new Map<RunKind, number>();
  #damage: StoreCorruptError | undefined;

  constructor(database: Sqlite, table: RunTable, runs: RunReader) {
    this.#table = table;
    this.#runs = runs;
    const page = database.prepare(`SELECT ${PAGE_COLUMNS} FROM run_pages WHERE id = ?`).raw();
    this.#read = (run, number, into) =>
      into.open(run, number, page.get(pageId(run.id, number)) as [unknown, unknown] | undefined);
  }

  /** Whether one is under way, or one that is done has left pages. */
  get isActive(): boolean {
    return this.#active.length > 0 || this.#table.hasLeft;
  }

  /** Tiers of runs that there are. */
  get tiers(): number {
    return Math.max(0, ...KINDS.map((kind) => 1 + (this.#runs.runs(kind)[0]?.tier ?? -1)));
  }

  /** Goes on with what a writer has left that was closed, inside the caller's transaction. */
  resume(): void {
    for (const kind of KINDS) {
      const halfKind = kind === RunKind.Names ? RunKind.HalfNames : RunKind.HalfEvents;
      for (const half of this.#runs.runs(halfKind)) {
        const merge = this.#resumed(half, this.#runs.runs(kind));
        if (merge) this.#active.push(merge);
        else this.#table.drop(half);
      }
    }
    this.#sort();
  }

  /** Begins a merge of so many runs of one tier, if there are so many. */
  start(count: number): boolean {
    const runs = this.mergeable(count);
    if (!runs) return false;
    const merge = this.#attempt(runs, () => new Merge(this.#table, runs, this.#read));
    if (merge) this.#active.push(merge);
    this.#sort();
    return true;
  }

  /** What was met in runs that nobody has asked for: they stay as they are, and merging goes on behind them. Told once. */
  takeDamage(): StoreCorruptError | undefined {
    const damage = this.#damage;
    this.#damage = undefined;
    return damage;
  }

  /** Does about so many steps inside the caller's transaction. @returns how many are left: none, or nothing is under way. */
  write(steps: number): number {
    let left = steps;
    if (this.#table.hasLeft) left -= this.#tidy(Math.ceil(steps / 2 / STEPS_A_PAGE)) * STEPS_A_PAGE;
    while (left > 0) {
      const merge = this.#active[0];
      if (!merge) break;
      const rest = this.#attempt(merge.runs, () => merge.write(left));
      if (rest === undefined) this.#table.drop(merge.made);
      if (rest === undefined || rest > 0) this.#active.shift();
      left = rest ?? left - 1;
    }
    return Math.max(0, left);
  }

  #tidy(pages: number): number {
    try {
      return this.#table.attempt(() => this.#table.tidy(pages));
    } catch (error) {
      this.#damage ??= damageIn(this.#table.database.name, error);
      this.#table.leaveFirst();
      return 0;
    }
  }

  /** Does a piece of a merge. @returns undefined when its runs are damaged: nothing of the piece was done. */
  #attempt<Result>(runs: readonly Run[], work: () => Result): Result | undefined {
    try {
      return this.#table.attempt(work);
    } catch (error) {
      const damage = damageIn(this.#table.database.name, error);
      const [{ kind, low }] = runs as [Run];
      const high = runs.at(-1)?.high ?? low;
      this.#unmerged.set(kind, high);
      this.#damage ??= leftUnmerged(damage, kind, low, high);
      return undefined;
    }
  }

  /** Leaves in the file what there is of those under way, inside the caller's transaction. */
  suspend(): void {
    for (const merge of this.#active) merge.suspend();
    this.#active = [];
  }

  rolledBack(): void {
    this.#active = [];
  }

  /** The runs of the lowest tier that has so many, and none of them in a merge. */
  mergeable(count: number): readonly Run[] | undefined {
    let found: readonly Run[] | undefined;
    for (const kind of KINDS) {
      const unmerged = this.#unmerged.get(kind) ?? -1;
      const runs = this.#runs.runs(kind).filter(({ low }) => low > unmerged);
      const highest = Math.min(runs[0]?.tier ?? -1, (found?.[0]?.tier ?? Number.POSITIVE_INFINITY) - 1);
      for (let tier = 0; tier <= highest; tier++) {
        if (this.#active.some((merge) => merge.kind === kind && merge.tier === tier)) continue;
        const those = runs.filter((run) => run.tier === tier);
        if (those.length < count) continue;
        found = those.slice(0, MERGE_RUNS);
        break;
      }
    }
    return found;
  }

  #sort(): void {
    this.#active.sort((a, b) => a.tier - b.tier);
  }

  /** A merge that goes on, if its runs are there, and what it has written can be read. */
  #resumed(half: Run, runs: readonly Run[]): Merge | undefined {
    const own = runs.filter(({ low, high }) => low >= half.low && high <= half.high);
    const isWhole = own.length > 1 && own[0]?.low === half.low && own.at(-1)?.high === half.high;
    if (
      !isWhole ||
      half.fences.length === 0 ||
      this.#active.some((merge) => own.some((run) => merge.has(run)))
    )
      return undefined;
    try {
      return new Merge(this.#table, own, this.#read, half);
    } catch (error) {
      // Nothing is lost with it: the runs are merged from the beginning.
      damageIn(this.#table.database.name, error);
      return undefined;
    }
  }
}

function leftUnmerged(cause: StoreCorruptError, kind: RunKind, low: number, high: number): StoreCorruptError {
  const what = kind === RunKind.Events ? `events from position ${low} to ${high}` : 'names';
  return new StoreCorruptError(
    `The store is damaged: the index of its ${what} cannot be merged, and stays as it is (${cause.message}) Everything else goes on. Run 'millrace verify' on it, and restore it from a backup.`,
    { cause, details: { ...(kind === RunKind.Events && { position: low }) } },
  );
}
