/** A signal that aborts on Ctrl-C. Dispose it, and Ctrl-C ends the process again. */
export interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Makes an AbortSignal of the first SIGINT or SIGTERM, for `sweep` and `walkForward`: what is under way is finished, and they
 * return. A second one ends the process, as ever.
 *
 * Use it as `using interrupt = abortOnInterrupt(); await sweep({ …, signal: interrupt.signal });`.
 */
export function abortOnInterrupt(): Interrupt {
  const controller = new AbortController();
  const dispose = () => {
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
  };
  const abort = () => {
    dispose();
    controller.abort();
  };
  process.on('SIGINT', abort);
  process.on('SIGTERM', abort);
  return { signal: controller.signal, [Symbol.dispose]: dispose };
}
