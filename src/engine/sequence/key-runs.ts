import { rowOf, rowReference, slabOf } from '../../events/slab.js';
import type { LaneScheduler } from '../../lanes/scheduler.js';
import type { NameEntry } from './directory.js';
import type { HubSlab, KeyRun, WaitingEvent } from './hub-slab.js';
import type { Sequencer } from './sequencer.js';
import type { SlabPool } from './slab-pool.js';

/** What the gate does with a run. */
export interface RunEvents {
  began(key: NameEntry): void;
  /** Gives a waiting event its number, or refuses it if that cannot be. */
  enter(waiting: WaitingEvent): void;
  refuse(waiting: WaitingEvent, error: unknown): void;
  /** Nothing of it is under way any more; what did not run comes back, in order. */
  ended(back: readonly WaitingEvent[]): void;
}

interface Run extends KeyRun {
  readonly events: RunEvents;
  /** Something comes before what is left of it; its lane knows that, and only holds the rest. */
  stopped: boolean;
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

  /** The event that is being numbered, with its row. */
  numbering: WaitingEvent | undefined;

  /** Sends waiting events of one key on their way. Those that cannot be encoded are refused. */
  begin(list: readonly WaitingEvent[], events: RunEvents): void {
    const run: Run = { events, list, back: [], left: 0, stopped: false };
    const now = performance.now();
    let key: NameEntry | undefined;
    list.forEach((waiting, order) => {
      try {
        this.#sequencer.appendAhead(waiting.event, run.left === 0);
      } catch (error) {
        events.refuse(waiting, error);
        return;
      }
      const { slab } = this.#sequencer;
      const row = slab.rows - 1;
      slab.holds++;
      slab.acceptedAt[row] = now;
      waiting.run = run;
      waiting.order = order;
      waiting.slab = slab;
      waiting.row = row;
      waiting.sent = false;
      slab.ahead[row] = waiting;
      run.left++;
      key ??= slab.keys[row] as NameEntry;
      this.#scheduler.enqueue(rowReference(slab.id, row), key);
      this.#sequencer.closeLargeSlab();
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
    const waiting = this.#find(reference);
    if (!waiting) return;
    const { aggregate } = waiting.names;
    waiting.sent = true;
    aggregate.ahead++;
    (waiting.slab as HubSlab).version[waiting.row] = aggregate.version + aggregate.ahead;
  }

  /** The row has run: its event gets its number. What has one already is left as it is. */
  number(reference: number): void {
    const waiting = this.#find(reference);
    if (!waiting) return;
    const run = this.#take(waiting);
    this.numbering = waiting;
    try {
      run.events.enter(waiting);
    } finally {
      this.numbering = undefined;
    }
    if (run.left === 0) this.#end(run, waiting);
  }

  /**
   * As `number`, for a row that a dead lane had begun. Of a run that was stopped the lane had taken it up only to hold
   * it: it has not run, and what comes before it has no number yet, or is not handled.
   */
  numberBegun(reference: number): void {
    if ((this.#find(reference)?.run as Run | undefined)?.stopped === false) this.number(reference);
  }

  /** Whether nothing of the row's run comes before it any more; also when it has its number. */
  isNext(reference: number): boolean {
    const waiting = this.#find(reference);
    const run = waiting?.run as Run | undefined;
    return !run?.list.some((other) => other.run === run && other.order < (waiting as WaitingEvent).order);
  }

  /** Whether a row that a lane has given back runs ahead of its number: then it is dropped, and not queued again. */
  drop(reference: number): boolean {
    const waiting = this.#find(reference);
    if (!waiting) return false;
    const run = this.#take(waiting);
    run.back.push(waiting);
    if (run.left === 0) this.#end(run, waiting);
    this.#pool.release(waiting.slab as HubSlab, 1);
    return true;
  }

  /** Nothing more of the key's run is sent: an event comes before it that was not foreseen. */
  stop(key: NameEntry): void {
    const run = this.#runs.get(key);
    if (!run) return;
    run.stopped = true;
    const rows = this.#scheduler.takeOut(key, (reference) => this.#find(reference) !== undefined);
    for (const reference of rows) this.drop(reference);
  }

  refuseAll(error: Error): void {
    const runs = [...this.#runs.values()];
    this.#runs.clear();
    for (const run of runs) {
      const rows = run.list.filter((waiting) => waiting.run === run);
      for (const { taker } of [...rows, ...run.back]) taker.refuse(error);
    }
  }

  #end(run: Run, { names: { key } }: WaitingEvent): void {
    this.#runs.delete(key);
    run.events.ended(run.back.sort((a, b) => a.order - b.order));
  }

  #find(reference: number): WaitingEvent | undefined {
    return (this.#pool.slabs[slabOf(reference)] as HubSlab | undefined)?.ahead[rowOf(reference)];
  }

  /** The row is no longer ahead of anything. */
  #take(waiting: WaitingEvent): Run {
    const run = waiting.run as Run;
    (waiting.slab as HubSlab).ahead[waiting.row] = undefined;
    waiting.run = undefined;
    run.left--;
    if (waiting.sent) waiting.names.aggregate.ahead--;
    return run;
  }
}
