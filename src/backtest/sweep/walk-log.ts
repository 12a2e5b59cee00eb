import type { NewEvent } from '../../faces/define.js';
import { sha256 } from '../runs/plan.js';
import type { BacktestResult } from '../runs/result.js';
import type { BacktestOptions } from '../runs/run-backtest.js';
import { startedAlone, writeEvents } from '../stored/store-backtest.js';
import { walkEvent, windowEvent } from '../stored/stored-walk.js';
import { withFigures } from '../stored/written-figures.js';
import type { SweepRow } from './options.js';
import type { WalkForward, WalkForwardWindow } from './walk-forward-types.js';

/** Writes a walk-forward into its store, window by window: one that is killed leaves those that were over. */
export class WalkLog {
  readonly #store: string | undefined;
  readonly #dataHash: string;
  readonly #ids: string[] = [];
  #events: NewEvent[] = [];
  #walkId = '';

  /** @param dataHash of all candles. */
  constructor(store: string | undefined, dataHash: string) {
    this.#store = store;
    this.#dataHash = dataHash;
  }

  /** What the run of a second part needs, for its events to get here. */
  get emit(): Pick<BacktestOptions, 'emit'> {
    return this.#store === undefined ? {} : { emit: (event) => this.#events.push(event) };
  }

  async window(
    planned: BacktestOptions,
    done: { window: WalkForwardWindow; best: readonly SweepRow[]; run: BacktestResult },
  ): Promise<void> {
    if (this.#store === undefined) return;
    const { window, best, run } = done;
    const { backtestId } = run.identity;
    this.#ids.push(backtestId);
    this.#walkId ||= sha256(backtestId).slice(0, 8);
    const from = planned.tradeFrom ?? 0;
    const compared = windowEvent(this.#walkId, this.#ids.length, {
      window,
      best,
      backtestId,
      dataHash: this.#dataHash,
      initialCapital: run.settings.initialCapital,
      time: run.equity.time.subarray(from),
      equity: run.equity.equity.subarray(from),
    });
    const events = [startedAlone(planned), ...withFigures(this.#events, run), compared];
    this.#events = [];
    await writeEvents(this.#store, events);
  }

  async end(result: WalkForward): Promise<void> {
    if (this.#store === undefined || this.#ids.length === 0) return;
    await writeEvents(this.#store, [walkEvent(this.#walkId, result, this.#ids)]);
  }
}
