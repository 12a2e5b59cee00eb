import type { DataOf } from '../../faces/define.js';
import type { openEngine } from '../../index.js';
import { isThenable } from '../../kernel/thenable.js';
import { messageOf } from '../../kernel/thrown.js';
import { SWEEP_RUNS_AHEAD } from '../../limits.js';
import { BacktestCompleted, BacktestFailed, BacktestStarted } from '../../trading/index.js';
import type { RunPlan } from '../runs/plan.js';
import { failedEvent } from './failed.js';
import type { SearchAnswer, SweepOptions, SweepRow } from './options.js';
import { plannedRun, type SweepPlan, startedEvent } from './plan-sweep.js';
import { rowOf } from './results.js';
import type { ParameterSet } from './space.js';
import { checkStarted, type StoredSweep } from './store.js';

type OpenedEngine = Awaited<ReturnType<typeof openEngine>>;

/** What was conducted. */
export interface Conducted {
  readonly runs: number;
  /** Parameter sets that the strategy refuses as a whole, and those that were there before. */
  readonly skipped: number;
}

/**
 * Publishes the runs of a sweep, a few per thread ahead and not all of them: what was published is finished before the
 * engine closes, so a short queue is what makes an abort quick, and what keeps memory flat.
 */
export class Conductor {
  readonly #engine: OpenedEngine;
  readonly #plan: SweepPlan;
  readonly #options: SweepOptions;
  /** Ids of the runs that the store has begun, and of those that are neither completed nor failed. */
  readonly #begun = new Set<string>();
  readonly #unfinished = new Set<string>();
  /** Ids of a list or a search, as they were asked for by this call. */
  readonly #own = new Set<string>();
  /** Parameters of the runs under way. */
  readonly #parameters = new Map<string, SweepRow['parameters']>();
  /** Rows of a search in memory, whose log may have forgotten them when they are proposed again. */
  readonly #told = new Map<string, SearchAnswer>();
  readonly #running = new Set<Promise<void>>();
  readonly #errors: unknown[] = [];
  readonly #start = performance.now();
  readonly #before: StoredSweep;
  readonly #ahead: number;
  #finished: number;
  #failed = 0;
  #skipped = 0;
  #runs: number | null;
  #proposed = 0;

  constructor(engine: OpenedEngine, plan: SweepPlan, before: StoredSweep, options: SweepOptions) {
    this.#engine = engine;
    this.#plan = plan;
    this.#options = options;
    this.#before = before;
    this.#finished = before.finished;
    this.#runs = plan.space?.size ?? null;
    this.#ahead = SWEEP_RUNS_AHEAD * Math.max(1, engine.stats().threads);
  }

  async conduct(): Promise<Conducted> {
    this.#progress();
    this.#engine.subscribe(BacktestCompleted, ({ data }) => this.#completed(data));
    this.#engine.subscribe(BacktestFailed, ({ data }) => this.#ended(data.backtest_id, null));
    await this.#survey();
    const { space } = this.#plan;
    if (space === undefined) await this.#search();
    else await this.#publishAll(space.sets());
    await Promise.all(this.#running);
    if (this.#errors.length > 0) throw this.#errors[0];
    await this.#engine.drain();
    await this.#tellLost();
    if (this.#errors.length > 0) throw this.#errors[0];
    const runs = (space?.size ?? this.#proposed) - this.#skipped;
    this.#runs = runs;
    this.#progress();
    await Promise.all(this.#running);
    if (this.#errors.length > 0) throw this.#errors[0];
    return { runs, skipped: this.#skipped };
  }

  /** Which runs the store has begun already; those that are unfinished are on their way by themselves. */
  async #survey(): Promise<void> {
    if (this.#before.events === 0) return;
    const types = [BacktestStarted.type, BacktestCompleted.type, BacktestFailed.type];
    for await (const event of this.#engine.read({ types })) {
      if (event.type === BacktestStarted.type) {
        checkStarted(event, this.#plan, 'The store');
        this.#begun.add(event.aggregateId);
        this.#unfinished.add(event.aggregateId);
      } else {
        this.#unfinished.delete(event.aggregateId);
        if (event.type === BacktestFailed.type) this.#failed++;
      }
    }
  }

  async #publishAll(sets: Iterable<ParameterSet>): Promise<void> {
    for (const set of sets) {
      if (this.#stopped) return;
      const run = plannedRun(this.#plan, set);
      if (run === undefined) this.#skipped++;
      else await this.#publish(run);
    }
  }

  /** A grid has no set twice; a list and a search may, and it is run once. */
  get #mayRepeat(): boolean {
    return this.#options.list !== undefined || this.#plan.space === undefined;
  }

  #repeats({ backtestId }: RunPlan): boolean {
    if (!this.#mayRepeat) return false;
    const known = this.#own.has(backtestId);
    this.#own.add(backtestId);
    return known;
  }

  get #stopped(): boolean {
    return this.#options.signal?.aborted === true || this.#errors.length > 0;
  }

  async #publish(run: RunPlan): Promise<void> {
    if (this.#repeats(run)) this.#skipped++;
    if (this.#begun.has(run.backtestId)) return;
    if (this.#mayRepeat) this.#begun.add(run.backtestId);
    this.#parameters.set(run.backtestId, run.parameters);
    const event = startedEvent(this.#plan, run);
    const handled = this.#engine.publish(event, { until: 'handled' });
    this.#run(handled.catch((error: unknown) => this.#tellFailure(run, error)));
    if (this.#running.size >= this.#ahead) await Promise.race(this.#running);
  }

  /** The handler did not come so far as to tell itself: its thread was ended, or the fault is not the strategy's. */
  async #tellFailure(run: RunPlan, error: unknown): Promise<void> {
    const { candles, symbol } = this.#plan.market;
    const ids = { backtest_id: run.backtestId, strategy_id: run.strategyId, symbol };
    const cause = (error as { cause?: unknown }).cause ?? error;
    await this.#engine.publish(failedEvent(ids, cause, candles.end, this.#memoryNote(cause)));
  }

  /** Who set a limit must know what it counts. */
  #memoryNote(cause: unknown): string {
    const { runMemoryMb } = this.#options;
    if (runMemoryMb === undefined || !/memory/i.test(messageOf(cause))) return '';
    return ` The limit is runMemoryMb: ${runMemoryMb}; it counts the heap of the thread, and no Buffers and typed arrays.`;
  }

  /** Runs that an earlier process left between their failure and its telling. */
  async #tellLost(): Promise<void> {
    if (this.#unfinished.size === 0) return;
    const { candles } = this.#plan.market;
    for await (const event of this.#engine.read({ types: [BacktestStarted.type] })) {
      if (!this.#unfinished.has(event.aggregateId)) continue;
      const data = event.data as DataOf<typeof BacktestStarted>;
      await this.#engine.publish(
        failedEvent(
          data,
          new Error('The run ended its thread, and the process before it could be told.'),
          candles.end,
        ),
      );
    }
  }

  async #search(): Promise<void> {
    const { search } = this.#options;
    if (search === undefined) return;
    const generator = search();
    let answers: readonly SearchAnswer[] = [];
    while (!this.#stopped) {
      const { value, done } = await generator.next(answers);
      if (done) return;
      const sets = (Array.isArray(value) ? value : [value]) as readonly ParameterSet[];
      answers = await this.#ask(sets);
    }
    await generator.return(undefined);
  }

  async #ask(sets: readonly ParameterSet[]): Promise<readonly SearchAnswer[]> {
    const runs = sets.map((set) => plannedRun(this.#plan, set));
    this.#proposed += sets.length;
    for (const run of runs) {
      if (run === undefined) this.#skipped++;
      else await this.#publish(run);
    }
    await Promise.all(this.#running);
    await this.#engine.drain();
    return Promise.all(runs.map((run) => (run === undefined ? null : this.#answerTo(run))));
  }

  /** From this call, or from the log that an earlier one has left. */
  async #answerTo(run: RunPlan): Promise<SearchAnswer> {
    const told = this.#told.get(run.backtestId);
    if (this.#options.store === undefined) return told ?? null;
    for await (const event of this.#engine.read({ aggregateId: run.backtestId })) {
      if (event.type !== BacktestCompleted.type) continue;
      return rowOf(event.data as DataOf<typeof BacktestCompleted>, run.parameters);
    }
    return null;
  }

  #completed(data: DataOf<typeof BacktestCompleted>): void {
    const parameters = this.#parameters.get(data.backtest_id) ?? {};
    const row = rowOf(data, parameters);
    if (this.#plan.space === undefined && this.#options.store === undefined)
      this.#told.set(row.backtestId, row);
    this.#ended(data.backtest_id, data);
    this.#tell(() => this.#options.onResult?.(row));
  }

  #ended(backtestId: string, completed: object | null): void {
    this.#parameters.delete(backtestId);
    this.#unfinished.delete(backtestId);
    this.#finished++;
    if (completed === null) this.#failed++;
    this.#progress();
  }

  #progress(): void {
    const { onProgress } = this.#options;
    if (onProgress === undefined) return;
    const runs = this.#runs === null ? null : Math.max(0, this.#runs - this.#skipped);
    const own = this.#finished - this.#before.finished;
    const left = runs === null || own <= 0 ? null : runs - this.#finished;
    const elapsed = (performance.now() - this.#start) / 1000;
    const finished = runs === null ? this.#finished : Math.min(this.#finished, runs);
    const secondsLeft = left === null ? null : (elapsed / own) * left;
    this.#tell(() => onProgress({ finished, runs, failed: this.#failed, secondsLeft }));
  }

  /**
   * Calls the caller's own function. What it throws, or its promise rejects with, ends the sweep; it is called by a
   * subscriber, which would count it.
   */
  #tell(call: () => unknown): void {
    try {
      const result = call();
      if (isThenable(result)) this.#run(Promise.resolve(result));
    } catch (error) {
      this.#errors.push(error);
    }
  }

  /** Work that is waited for before the sweep ends. */
  #run(work: Promise<unknown>): void {
    const running: Promise<void> = work
      .then(
        () => undefined,
        (error: unknown) => void this.#errors.push(error),
      )
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}
