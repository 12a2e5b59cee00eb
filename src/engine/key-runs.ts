import { ROW_UNNUMBERED, rowOf, rowReference, slabOf } from '../events/slab.js';
import type { LaneScheduler } from '../lanes/scheduler.js';
import type { NameEntry } from './directory.js';
import type { Prepared } from './prepare.js';
import type { Sequencer } from './sequencer.js';
import type { HubSlab, SlabPool } from './slab-pool.js';

/** An event that waits until its key is quiet. */
export interface Waiting {
  /** Left out: it must not run before it has its number. */
  readonly event: Prepared | undefined;
  /** Gives it its number. */
  readonly enter: () => void;
  readonly refuse: (error: unknown) => void;
}

/** An event that runs ahead of its number. */
interface Ahead {
  readonly waiting: Waiting;
  readonly aggregate: NameEntry;
  readonly order: number;
  /** A lane has it, under the version that it will have if nothing comes before it. */
  sent: boolean;
}

/** What the gate hears of a run. */
export interface RunEvents {
  began(key: NameEntry): void;
  /** An event has its number, or was refused. */
  left(): void;
  /** Nothing of it is under way any more; what did not run comes back, in order. */
  ended(back: readonly Waiting[]): void;
}

interface Run {
  readonly rows: Map<number, Ahead>;
  readonly back: Ahead[];
  readonly events: RunEvents;
}

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
  numbering: { readonly slab: HubSlab; readonly row: number; readonly aggregate: NameEntry } | undefined;

  /** Sends waiting events of one key on their way. Those that cannot be encoded are refused. */
  begin(list: readonly Waiting[], events: RunEvents): void {
    const rows = new Map<number, Ahead>();
    const run: Run = { rows, back: [], events };
    const now = performance.now();
    let key: NameEntry | undefined;
    list.forEach((waiting, order) => {
      const event = waiting.event as Prepared;
      try {
        const aggregate = this.#sequencer.appendAhead(event, rows.size === 0);
        const { slab } = this.#sequencer;
        const row = slab.rows - 1;
        slab.holds++;
        slab.acceptedAt[row] = now;
        const reference = rowReference(slab.id, row);
        rows.set(reference, { waiting, aggregate, order, sent: false });
        key ??= slab.keys[row] as NameEntry;
        this.#scheduler.enqueue(reference, key);
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
    ahead.sent = true;
    ahead.aggregate.ahead++;
    const { aggregate } = ahead;
    this.#slab(reference).version[rowOf(reference)] = aggregate.version + aggregate.ahead;
  }

  /** The row has run: its event gets its number. What has one already is left as it is. */
  number(reference: number): void {
    const ahead = this.#take(reference);
    if (!ahead) return;
    const slab = this.#slab(reference);
    this.#unsend(ahead);
    this.#runs.get(slab.keys[rowOf(reference)] as NameEntry)?.events.left();
    this.numbering = { slab, row: rowOf(reference), aggregate: ahead.aggregate };
    try {
      ahead.waiting.enter();
    } catch (error) {
      ahead.waiting.refuse(error);
    } finally {
      this.numbering = undefined;
    }
    this.#endIfDone(slab.keys[rowOf(reference)] as NameEntry);
  }

  /** Whether a row that a lane has given back runs ahead of its number: then it is dropped, and not queued again. */
  drop(reference: number): boolean {
    const ahead = this.#take(reference);
    if (!ahead) return false;
    const slab = this.#slab(reference);
    const key = slab.keys[rowOf(reference)] as NameEntry;
    this.#unsend(ahead);
    this.#runs.get(key)?.back.push(ahead);
    this.#pool.release(slab, 1);
    this.#endIfDone(key);
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
      for (const { waiting } of [...rows.values(), ...back]) waiting.refuse(error);
    }
  }

  #endIfDone(key: NameEntry): void {
    const run = this.#runs.get(key);
    if (!run || run.rows.size > 0) return;
    this.#runs.delete(key);
    run.events.ended(run.back.sort((a, b) => a.order - b.order).map(({ waiting }) => waiting));
  }

  #unsend(ahead: Ahead | undefined): void {
    if (!ahead?.sent) return;
    ahead.sent = false;
    ahead.aggregate.ahead--;
  }

  #find(reference: number): Ahead | undefined {
    const slab = this.#slab(reference);
    const row = rowOf(reference);
    if (((slab.flags[row] as number) & ROW_UNNUMBERED) === 0) return undefined;
    return this.#runs.get(slab.keys[row] as NameEntry)?.rows.get(reference);
  }

  #take(reference: number): Ahead | undefined {
    const ahead = this.#find(reference);
    if (ahead)
      this.#runs.get(this.#slab(reference).keys[rowOf(reference)] as NameEntry)?.rows.delete(reference);
    return ahead;
  }

  #slab(reference: number): HubSlab {
    return this.#pool.slabs[slabOf(reference)] as HubSlab;
  }
}
