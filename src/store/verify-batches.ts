import type { Statement } from 'better-sqlite3';
import { chainOf, chainStart, mixName, mixText, viewOf } from './checksum.js';
import { MAX_CHECKS_BYTES } from './limits.js';
import { measured } from './measured.js';
import type { Sqlite } from './sqlite.js';
import type { Problems } from './verify-problems.js';
import type { StoreFacts } from './verify-structure.js';

/** A row of `batches` while its events pass by. */
interface OpenBatch {
  readonly first: number;
  readonly last: number;
  readonly names: number;
  readonly shapes: number;
  readonly checks: Uint8Array;
  readonly view: DataView;
  readonly chain: number;
  /** Whether it has a check for each of its events. */
  readonly fits: boolean;
  namesHash: number;
  /** How many of its events were met. */
  met: number;
  /** Something in it was reported, so that its chain need not be. */
  spoiled: boolean;
}

type Row = [last: number, names: number, shapes: number, checks: unknown, chain: number];

const NO_CHECKS = new Uint8Array(0);

/** Goes through the rows of `batches` beside the events that they are about. */
export class BatchVerifier {
  readonly #facts: StoreFacts;
  readonly #problems: Problems;
  readonly #after: Statement;
  #batch: OpenBatch | undefined;
  /** The last position that a batch has covered so far, and the shapes after it. */
  #covered = 0;
  #shapes = 0;
  /** What the next batch may be chained to: what its predecessor says, or what it should say. */
  #previous: readonly number[];
  #ended = false;

  constructor(database: Sqlite, facts: StoreFacts, problems: Problems) {
    this.#facts = facts;
    this.#problems = problems;
    this.#previous = [chainStart(facts.run)];
    this.#after = database
      .prepare(
        `SELECT last, names, shapes, ${measured('checks', MAX_CHECKS_BYTES)}, chain FROM batches
         WHERE last > ? ORDER BY last LIMIT 1`,
      )
      .raw();
  }

  /** The event at a position comes next. */
  enter(position: number): void {
    while (!this.#ended && position > this.#covered) {
      this.#leave();
      this.#open(position);
    }
    if (this.#batch) this.#batch.met++;
  }

  /** The stored check of the event at a position that was entered; undefined when there is none. */
  checkAt(position: number): number | undefined {
    const batch = this.#batch;
    return batch?.fits ? batch.view.getUint32((position - batch.first) * 4, true) : undefined;
  }

  /** The event that was entered brought a name. */
  addName(id: number, name: string): void {
    if (!this.#batch) return;
    const bytes = viewOf(Buffer.from(name));
    this.#batch.namesHash = mixName(this.#batch.namesHash, id, bytes, 0, bytes.byteLength);
  }

  /** The event that was entered is damaged. */
  spoil(): void {
    if (this.#batch) this.#batch.spoiled = true;
  }

  /** There are no more events. */
  end(): void {
    this.#leave();
  }

  #open(position: number): void {
    const row = this.#after.get(this.#covered) as Row | undefined;
    // Pages that contradict each other may lead back.
    if (!row || row[0] <= this.#covered) {
      this.#ended = true;
      this.#problems.add('batch', `The events from position ${position} on have no checksums.`, position);
      return;
    }
    const [last, names, shapes, blob, chain] = row;
    const first = this.#covered + 1;
    const checks = blob instanceof Uint8Array ? blob : NO_CHECKS;
    const count = checks.length / 4;
    const fits = count === last - first + 1;
    if (!fits) {
      this.#problems.add(
        'batch',
        `The events from position ${first} to ${last} have ${count} checksums: a row of checksums is missing or was changed.`,
        first,
      );
    }
    const view = viewOf(checks);
    this.#covered = last;
    this.#batch = {
      first,
      last,
      names,
      shapes,
      checks,
      view,
      chain,
      fits,
      namesHash: 0,
      met: 0,
      spoiled: false,
    };
  }

  #leave(): void {
    const batch = this.#batch;
    if (!batch) return;
    this.#batch = undefined;
    const { first, last, names, shapes, checks, chain } = batch;
    const shapesHash = this.#facts.shapeTexts.slice(this.#shapes, shapes).reduce(mixText, 0);
    const link = { last, names, shapes, namesHash: batch.namesHash, shapesHash };
    const chains = this.#previous.map((previous) => chainOf({ ...link, previous }, checks));
    const isComplete = batch.fits && !batch.spoiled && batch.met === last - first + 1;
    if (isComplete && !chains.includes(chain)) {
      this.#problems.add(
        'batch',
        `What came with the events from position ${first} to ${last} is not what was written: their names, payload shapes or checksums${first === 1 ? ', or the run id' : ''}.`,
        first,
      );
    }
    this.#shapes = shapes;
    this.#previous = chains.includes(chain) ? [chain] : [chain, ...chains.slice(0, 1)];
  }
}
