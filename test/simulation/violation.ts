/** A violation of what must always hold. */
export class Violation extends Error {
  /** What led to it, when that is not the life's own trace. */
  readonly trace: readonly string[] | undefined;

  constructor(message: string, trace?: readonly string[]) {
    super(message);
    this.trace = trace;
  }
}
