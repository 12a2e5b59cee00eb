const NUMBERS = 4096;

/** Says which events fail in the handlers of test/handlers/curable.mjs, by their number. */
export class Illness {
  readonly shared = { ill: new SharedArrayBuffer(4 * NUMBERS) };
  readonly #cells = new Int32Array(this.shared.ill);

  constructor(...numbers: readonly number[]) {
    this.begin(...numbers);
  }

  begin(...numbers: readonly number[]): void {
    for (const number of numbers) Atomics.store(this.#cells, number, 1);
  }

  end(...numbers: readonly number[]): void {
    for (const number of numbers) Atomics.store(this.#cells, number, 0);
  }
}
