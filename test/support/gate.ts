/** A gate that the handlers of test/handlers/gate.mjs wait at. */
export class Gate {
  readonly shared = { gate: new SharedArrayBuffer(8) };
  readonly #cells = new Int32Array(this.shared.gate);

  open(): void {
    Atomics.store(this.#cells, 0, 1);
  }

  /** Closes it again; nobody may be waiting. */
  close(): void {
    this.#cells.fill(0);
  }

  /** Resolves when `count` handlers stand at the gate, or have passed it. */
  async reached(count: number): Promise<void> {
    while (Atomics.load(this.#cells, 1) < count) await new Promise((resolve) => setImmediate(resolve));
  }
}
