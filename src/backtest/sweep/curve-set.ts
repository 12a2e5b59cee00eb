import { type Overfitting, probabilityOfOverfitting } from '../figures/overfitting.js';
import { OVERFITTING_MAX_RUNS } from '../runs/limits.js';
import { type PackedNumbers, unpackColumn } from '../runs/packed-column.js';

/** The curves of a sweep's runs, as long as they are few enough to be compared with each other. */
export class CurveSet {
  #curves: Map<string, PackedNumbers> | undefined = new Map();

  add(backtestId: string, curve: PackedNumbers | undefined): void {
    if (this.#curves === undefined) return;
    if (curve !== undefined) this.#curves.set(backtestId, curve);
    // One run without a curve, or one too many, and it would be the probability of another choice.
    if (curve === undefined || this.#curves.size > OVERFITTING_MAX_RUNS) this.#curves = undefined;
  }

  /** Null where there are too many runs, too few, no curves of them, or too few returns. */
  overfitting(): Overfitting | null {
    if (this.#curves === undefined) return null;
    const curves = [...this.#curves.values()];
    return probabilityOfOverfitting(curves.map((curve) => returnsOf(unpackColumn(curve)))) ?? null;
  }
}

/** From an account that is ruined nothing returns. */
function returnsOf(equity: Float64Array): Float64Array {
  const returns = new Float64Array(Math.max(0, equity.length - 1));
  for (let index = 0; index < returns.length; index++) {
    const before = equity[index] as number;
    returns[index] = before > 0 ? Math.max(0, equity[index + 1] as number) / before - 1 : 0;
  }
  return returns;
}
