import type { Engine } from '../engine/engine.js';
import { HEALTH_CHECK_MS, HEALTH_LATENCY_MS } from '../limits.js';
import type { Deliveries } from './deliveries.js';

/**
 * What subscribers do to the health of a bus: calls that take long, and events that wait behind them or behind
 * retries. It looks once a second while calls are under way or events are held back; an idle bus runs nothing.
 */
export class BusHealth {
  readonly #deliveries: Deliveries;
  readonly #slowMs: number;
  readonly #watch: ReturnType<Engine['watchAlso']>;
  #timer: NodeJS.Timeout | undefined;

  /** @param slowMs how long a call may take before somebody should look. */
  constructor(engine: Engine, deliveries: Deliveries, slowMs = HEALTH_LATENCY_MS) {
    this.#deliveries = deliveries;
    this.#slowMs = slowMs;
    this.#watch = engine.watchAlso(() => this.reasons);
    deliveries.calls.onBusy = () => this.#arm();
    deliveries.held.onFirst = () => this.#arm();
  }

  /** In words, empty when all is well. */
  get reasons(): readonly string[] {
    const { calls, held, retrying } = this.#deliveries;
    const slow = calls.slowerThan(this.#slowMs);
    const reasons = slow === undefined ? [] : [slow];
    if (held.size > 0) {
      reasons.push(
        `${held.size} events wait in the log behind ${held.keys} ${held.keys === 1 ? 'key' : 'keys'} whose subscribers take long or are tried again (${retrying} wait for a retry).`,
      );
    }
    return reasons;
  }

  /** Looks no more, and is heard no more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#deliveries.calls.onBusy = () => {};
    this.#deliveries.held.onFirst = () => {};
    this.#watch.end();
  }

  #arm(): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#watch.tell();
      const { calls, held } = this.#deliveries;
      if (calls.size > 0 || held.size > 0) this.#arm();
    }, HEALTH_CHECK_MS).unref();
  }
}
