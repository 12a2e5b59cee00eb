// Not the global ones, which a test with fake timers replaces: it is real time that is waited here.
import { clearTimeout, setTimeout } from 'node:timers';
import { knownOptions, optionNames } from '../events/known-options.js';
import { InvalidOptionError, TestTimeoutError } from '../faces/errors.js';
import { onAbort } from '../kernel/on-abort.js';
import { MAX_DELAY_MS, TEST_WAIT_MS } from '../limits.js';

/** How long to wait. */
export interface WaitOptions {
  /** Milliseconds of real time. Default 2,000. */
  readonly timeout?: number;
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal;
}

const WAIT = optionNames<WaitOptions>('The waiting', { timeout: true, signal: true });

const LATE = Symbol('late');

/**
 * Waits for what `wait` resolves with, but not longer than the timeout; nothing is left behind then: the signal
 * given to `wait` aborts as soon as nobody waits any more.
 *
 * @param what ends the sentence `Waited 2000 ms for …`.
 * @param instead says what is the case instead, when time is over.
 * @throws TestTimeoutError; the signal's reason; what `wait` throws.
 */
export async function withinTime<Result>(
  what: string,
  options: WaitOptions,
  wait: (signal: AbortSignal) => Promise<Result>,
  instead: () => string | Promise<string>,
): Promise<Result> {
  const { timeout = TEST_WAIT_MS, signal } = knownOptions(options, WAIT);
  checkTimeout(timeout);
  signal?.throwIfAborted();
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, timeout, LATE);
  });
  let leave = () => {};
  const aborted = new Promise<never>((_, reject) => {
    leave = onAbort(signal, reject);
  });
  try {
    const result = await Promise.race([wait(over.signal), late, aborted]);
    if (result !== LATE) return result;
    throw new TestTimeoutError(`Waited ${timeout} ms for ${what}.\n${await instead()}`, {
      details: { timeout },
    });
  } finally {
    clearTimeout(timer);
    leave();
    over.abort();
  }
}

function checkTimeout(timeout: number): void {
  if (timeout >= 0 && timeout <= MAX_DELAY_MS) return;
  throw new InvalidOptionError(
    `Option timeout is ${timeout}; it must be a number of milliseconds from 0 to ${MAX_DELAY_MS}.`,
  );
}
