import { InvalidOptionError } from '../events/errors.js';
import { knownOptions, optionNames } from '../events/known-options.js';
import { SECOND_INTERRUPT_MS } from '../limits.js';

export interface CloseOnSignalsOptions {
  /** Default SIGINT and SIGTERM. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Told of an error that closing ended with. Default: it is written to stderr. */
  readonly onError?: (error: unknown) => void;
}

const CLOSE_ON_SIGNALS = optionNames<CloseOnSignalsOptions>('closeOnSignals', {
  signals: true,
  onError: true,
});

/**
 * Has the first Ctrl-C or SIGTERM close an engine (or anything else that is disposed of), so that what was
 * accepted is finished; the process then ends by that signal, as it would have without this. A second signal ends
 * it at once. Millrace does this for nobody unasked: what a signal means is the application's choice.
 *
 * @returns what takes the signal handlers away again.
 * @throws InvalidOptionError
 */
export function closeOnSignals(engine: AsyncDisposable, options: CloseOnSignalsOptions = {}): Disposable {
  const { signals = ['SIGINT', 'SIGTERM'], onError = console.error } = knownOptions(
    options,
    CLOSE_ON_SIGNALS,
  );
  if (typeof engine?.[Symbol.asyncDispose] !== 'function') {
    throw new InvalidOptionError('closeOnSignals needs an engine: closeOnSignals(engine).');
  }
  let first: number | undefined;
  const remove = () => {
    for (const signal of signals) process.off(signal, received);
  };
  const end = (signal: NodeJS.Signals) => {
    remove();
    process.kill(process.pid, signal);
  };
  const received = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      engine[Symbol.asyncDispose]()
        .then(undefined, onError)
        .then(() => end(signal));
    } else if (now - first >= SECOND_INTERRUPT_MS) {
      // A terminal signals the whole process group, and npm passes the same Ctrl-C on once more.
      end(signal);
    }
  };
  for (const signal of signals) process.on(signal, received);
  return { [Symbol.dispose]: remove };
}
