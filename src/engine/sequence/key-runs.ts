import { rowOf, rowReference, slabOf } from '../../events/slab.js';
import type { LaneScheduler } from '../../lanes/scheduler.js';
import type { NameEntry } from './directory.js';
import type { Ahead, HubSlab, Run, RunEvents, Waiting } from './hub-slab.js';
import type { Prepared } from './row-facts.js';
import type { Sequencer } from './sequencer.js';
import type { SlabPool } from './slab-pool.js';

/**
 * Events of a quiet key that run on a lane as a batch and get their numbers afterwards, in deterministic mode: each
 * with what it emitted behind it, in the order that they would have had one at a time. Where one emits an event that
 * is handled itself, fails, or changes the version of a later one, the later ones have not run and come back.
 */
export class KeyRuns {
  readonly #sequencer: Sequencer;
  readonly #pool: SlabPool;
  readonly #scheduler: LaneScheduler;
  readonly #runs = new Map<NameEntry, Run>();

  constructor(sequencer: Sequencer, pool: SlabPool, scheduler: LaneScheduler) {
    this.#sequencer = sequencer;
    this.#pool = pool;
    this.#scheduler = scheduler;
  }

  /** The row whose event is being numbered. */
  numbering: Ahead | undefined;

  /** Sends waiting events of one key on their way. Those that cannot be encoded are refused. */
  begin(list: readonly Waiting[], events: RunEvents): void {
    const run: Run = { events, back: [], rows: new Set() };
    const now = performance.now();
    let key: NameEntry | undefined;
    list.forEach((waiting, order) => {
      try {
        const aggregate = this.#sequencer.appendAhead(waiting.event as Prepared, run.rows.size === 0);
        const { slab } = this.#sequencer;
        const row = slab.rows - 1;
        slab.holds++;
        slab.acceptedAt[row] = now;
        const ahead: Ahead = { waiting, run, order, slab, row, aggregate, sent: false };
        slab.ahead[row] = ahead;
        run.rows.add(ahead);
        key ??= slab.keys[row] as NameEntry;
        this.#scheduler.enqueue(rowReference(slab.id, row), key);
        this.#sequencer.closeLargeSlab();
      } catch (error) {
        events.left();
        waiting.refuse(error);
      }
    });
    if (!key) {
      events.ended([]);
      return;
    }
    this.#runs.set(key, run);
    events.began(key);
  }

  /** A lane is being sent the row. */
  sent(reference: number): void {
    const ahead = this.#find(reference);
    if (!ahead) return;
    const { aggregate, slab, row } = ahead;
    ahead.sent = true;
    aggregate.ahead++;
    slab.version[row] = aggregate.version + aggregate.ahead;
  }

  /** The row has run: its event gets its number. What has one already is left as it is. */
  number(reference: number): void {
    const ahead = this.#take(reference);
    if (!ahead) return;
    const { waiting, run } = ahead;
    run.events.left();
    this.numbering = ahead;
    try {
      waiting.enter();
    } catch (error) {
      waiting.refuse(error);
    } finally {
      this.numbering = undefined;
    }
    if (run.rows.size === 0) this.#end(ahead);
  }

  /** Whether a row that a lane has given back runs ahead of its number: then it is dropped, and not queued again. */
  drop(reference: number): boolean {
    const ahead = this.#take(reference);
    if (!ahead) return false;
    const { run, slab } = ahead;
    run.back.push(ahead);
    if (run.rows.size === 0) this.#end(ahead);
    this.#pool.release(slab, 1);
    return true;
  }

  /** Nothing more of the key's run is sent: an event comes before it that was not foreseen. */
  stop(key: NameEntry): void {
    if (!this.#runs.has(key)) return;
    const rows = this.#scheduler.takeOut(key, (reference) => this.#find(reference) !== undefined);
    for (const reference of rows) this.drop(reference);
  }

  refuseAll(error: Error): void {
    const runs = [...this.#runs.values()];
    this.#runs.clear();
    for (const { rows, back } of runs) {
      for (const { waiting } of [...rows, ...back]) waiting.refuse(error);
    }
  }

  #end({ run, slab, row }: Ahead): void {
    this.#runs.delete(slab.keys[row] as NameEntry);
    run.events.ended(run.back.sort((a, b) => a.order - b.order).map(({ waiting }) => waiting));
  }

  #find(reference: number): Ahead | undefined {
    return (this.#pool.slabs[slabOf(reference)] as HubSlab).ahead[rowOf(reference)];
  }

  #take(reference: number): Ahead | undefined {
    const ahead = this.#find(reference);
    if (!ahead) return undefined;
    ahead.slab.ahead[ahead.row] = undefined;
    ahead.run.rows.delete(ahead);
    if (ahead.sent) ahead.aggregate.ahead--;
    return ahead;
  }
}
