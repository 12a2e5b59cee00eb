import { StrategyMistakeError } from '../broker/strategy-mistake.js';
import { MAX_LOG_CHARACTERS, MAX_LOG_LINES, MAX_PLOTS } from './limits.js';
import type { LogLine, RecordedPlot } from './result.js';

/** What a strategy logs and records. Nothing is kept for runs of which only the events are wanted. */
export class Records {
  readonly logs: LogLine[] = [];
  readonly #plots: RecordedPlot[] = [];
  /** By market and name: 'y' of the market 'B x' is shown as 'x y' of the market 'B' is. No market is named ''. */
  readonly #byMarket = new Map<string, Map<string, RecordedPlot>>();
  readonly #length: number;
  readonly #keep: boolean;

  constructor(length: number, keep: boolean) {
    this.#length = length;
    this.#keep = keep;
  }

  get plots(): readonly RecordedPlot[] {
    return [...this.#plots];
  }

  log(time: number, index: number, text: string): void {
    if (!this.#keep || this.logs.length > MAX_LOG_LINES) return;
    const full = this.logs.length === MAX_LOG_LINES;
    const shown = full
      ? `There were more than ${MAX_LOG_LINES} lines; those from here on are left out.`
      : text;
    this.logs.push({ time, index, text: String(shown).slice(0, MAX_LOG_CHARACTERS) });
  }

  /** @param market of a market that is named, where there are several. */
  record(index: number, name: string, value: number, pane: 'price' | 'own', market?: string): void {
    if (!this.#keep) return;
    let plot = this.#byMarket.get(market ?? '')?.get(name);
    if (plot === undefined) {
      if (this.#plots.length >= MAX_PLOTS) {
        throw new StrategyMistakeError(
          `A strategy may record ${MAX_PLOTS} names, and '${name}' is one more.`,
        );
      }
      plot = { name, values: new Float64Array(this.#length).fill(Number.NaN), pane };
      if (market !== undefined) plot = { ...plot, market };
      this.#plots.push(plot);
      const all = this.#byMarket.get(market ?? '') ?? new Map<string, RecordedPlot>();
      this.#byMarket.set(market ?? '', all.set(name, plot));
    }
    plot.values[index] = value;
  }
}
