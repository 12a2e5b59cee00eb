/**
 * Where an engine is in its life.
 *
 * - `opening`: its first store and lanes are being opened.
 * - `open`: it takes events.
 * - `failed`: it stopped by itself; nothing more is acknowledged, and nothing is let go of yet.
 * - `recovering`: it opens the same log again, in new rooms.
 * - `closing`: it takes nothing more in and finishes what it has.
 * - `closed`: nothing of it is left.
 */
export type EngineStage = 'opening' | 'open' | 'failed' | 'recovering' | 'closing' | 'closed';

/** What may follow each stage. An engine that fails while it is closing goes on closing. */
const NEXT: Readonly<Record<EngineStage, readonly EngineStage[]>> = {
  opening: ['open', 'failed'],
  open: ['failed', 'closing'],
  failed: ['recovering', 'closing'],
  recovering: ['open', 'failed', 'closing'],
  closing: ['closed'],
  closed: [],
};

/** The state of an engine, which outlives its rooms: only `to` changes it. */
export class EngineState {
  #stage: EngineStage = 'opening';

  get stage(): EngineStage {
    return this.#stage;
  }

  /** Whether the owner has ended the engine, or begun to. */
  get isEnding(): boolean {
    return this.#stage === 'closing' || this.#stage === 'closed';
  }

  /** Goes on to another stage, if that may follow. Returns whether it did. */
  to(next: EngineStage): boolean {
    if (!NEXT[this.#stage].includes(next)) return false;
    this.#stage = next;
    return true;
  }
}
