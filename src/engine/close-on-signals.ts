import { constants } from 'node:os';
import { knownOptions, optionNames } from '../events/known-options.js';
import { EngineClosedError, InvalidOptionError } from '../kernel/errors.js';
import { guarded } from '../kernel/guarded.js';
import { shown } from '../kernel/thrown.js';
import { SECOND_INTERRUPT_MS } from '../limits.js';

/** Options of `closeOnSignals`. */
export interface CloseOnSignalsOptions {
  /** Default SIGINT and SIGTERM. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Told of an error that closing ended with. Default: it is written to stderr. */
  readonly onError?: (error: unknown) => void;
}

const CLOSE_ON_SIGNALS = optionNames<CloseOnSignalsOptions>('closeOnSignals', {
  signals: true,
  onError: 'function',
});

/** What `closeOnSignals` returns: dispose of it to take the signal handlers away again. */
export interface ClosingOnSignals extends Disposable {
  /**
   * Aborts with the first signal, before the closing begins. Give it to everything that publishes: a loop that looks at
   * `signal.aborted` ends by itself, `publish` and `publishMany` that are given it reject with its reason.
   */
  readonly signal: AbortSignal;
}

/**
 * Has the first Ctrl-C or SIGTERM close an engine (or anything else that is disposed of), so that what was
 * accepted is finished; the process then ends by that signal, as it would have without this: a shell sees 128 plus the
 * signal's number, also of the first process of a container. A second signal ends it at once. Millrace does this for
 * nobody unasked: what a signal means is the application's choice.
 *
 * @throws InvalidOptionError
 */
export function closeOnSignals(
  engine: AsyncDisposable,
  options: CloseOnSignalsOptions = {},
): ClosingOnSignals {
  const { signals = ['SIGINT', 'SIGTERM'], onError = console.error } = knownOptions(
    options,
    CLOSE_ON_SIGNALS,
  );
  if (typeof engine?.[Symbol.asyncDispose] !== 'function') {
    throw new InvalidOptionError('closeOnSignals needs an engine: closeOnSignals(engine).');
  }
  if (!Array.isArray(signals)) {
    throw new InvalidOptionError(
      `closeOnSignals: signals is ${shown(signals)}; it must be a list of signals, such as ['SIGTERM'].`,
    );
  }
  const unknown = signals.find((signal: NodeJS.Signals) => constants.signals[signal] === undefined);
  if (unknown !== undefined) {
    throw new InvalidOptionError(`closeOnSignals: '${String(unknown)}' is no signal, such as 'SIGTERM'.`);
  }
  const leaving = new AbortController();
  let first: number | undefined;
  const remove = () => {
    for (const signal of signals) process.off(signal, received);
  };
  const end = (signal: NodeJS.Signals) => {
    remove();
    endBySignal(signal);
  };
  const received = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      leaving.abort(new EngineClosedError(`The process was told to end by ${signal}.`));
      close(engine, onError).then(() => end(signal));
    } else if (now - first >= SECOND_INTERRUPT_MS) {
      // A terminal signals the whole process group, and npm passes the same Ctrl-C on once more.
      end(signal);
    }
  };
  for (const signal of signals) process.on(signal, received);
  return { signal: leaving.signal, [Symbol.dispose]: remove };
}

async function close(engine: AsyncDisposable, onError: (error: unknown) => void): Promise<void> {
  try {
    await engine[Symbol.asyncDispose]();
  } catch (error) {
    guarded(
      () => onError(error),
      () => process.stderr.write('closeOnSignals: onError threw.\n'),
    );
  }
}

/**
 * Ends the process as the signal itself does when nobody listens to it. The first process of a container ignores such
 * a signal, also from itself, so there it exits with the code that a shell would see.
 */
function endBySignal(signal: NodeJS.Signals): void {
  if (process.pid === 1) process.exit(128 + constants.signals[signal]);
  process.kill(process.pid, signal);
}
