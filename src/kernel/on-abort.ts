import { InvalidOptionError } from './errors.js';
import { attempt } from './thrown.js';

type Listener = (reason: unknown) => void;

/** Who waits for a signal, behind the one listener that the signal has of us. */
interface Watch {
  readonly listeners: Set<Listener>;
  readonly onAbort: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

/**
 * Calls `listener` when the signal aborts, or at once if it has; never without a signal. Every wait of this package
 * listens through here: a signal that a program passes to thousands of calls has one listener, and none when all of
 * them have ended, so Node.js sees no leak and there is none.
 *
 * @returns ends the listening; to be called when the wait ends.
 */
export function onAbort(signal: AbortSignal | undefined, listener: Listener): () => void {
  if (!signal) return () => {};
  if (signal.aborted) {
    listener(signal.reason);
    return () => {};
  }
  const watch = watches.get(signal) ?? listen(signal);
  // A listener of its own each time, because the same function may wait twice.
  const own: Listener = (reason) => listener(reason);
  watch.listeners.add(own);
  return () => {
    if (!watch.listeners.delete(own) || watch.listeners.size > 0) return;
    signal.removeEventListener('abort', watch.onAbort);
    watches.delete(signal);
  };
}

function listen(signal: AbortSignal): Watch {
  const listeners = new Set<Listener>();
  const onAbort = () => {
    watches.delete(signal);
    const all = [...listeners];
    listeners.clear();
    for (const listener of all) listener(signal.reason);
  };
  const watch: Watch = { listeners, onAbort };
  watches.set(signal, watch);
  signal.addEventListener('abort', onAbort, { once: true });
  return watch;
}

/**
 * Refuses what is no AbortSignal where one may be passed: an options object or a controller, for one. What counts is
 * what it can do, because a signal may come from another realm or be a polyfill's.
 *
 * @param of the call, as the error names it.
 * @throws InvalidOptionError
 */
export function checkSignal(of: string, signal: unknown): void {
  if (signal === undefined) return;
  if (attempt(() => isSignal(signal))) return;
  const what = signal === null ? 'null' : `of type ${typeof signal}`;
  throw new InvalidOptionError(
    `${of}: the signal is ${what} and no AbortSignal. Pass the signal itself, such as controller.signal.`,
  );
}

function isSignal(signal: unknown): boolean {
  const { aborted, throwIfAborted, addEventListener } = signal as Partial<AbortSignal>;
  const methods = [throwIfAborted, addEventListener];
  return typeof aborted === 'boolean' && methods.every((method) => typeof method === 'function');
}

/** The promise's outcome, or the signal's reason if that comes first. */
export function unlessAborted<Value>(
  promise: PromiseLike<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  return new Promise<Value>((resolve, reject) => {
    const leave = onAbort(signal, reject);
    promise.then(
      (value) => {
        leave();
        resolve(value);
      },
      (error: unknown) => {
        leave();
        reject(error);
      },
    );
  });
}

/** The same items, and the signal's reason as soon as it aborts, even while the next item is being waited for. */
export async function* abortable<Item>(
  items: AsyncIterable<Item>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Item, void, undefined> {
  if (!signal) {
    yield* items;
    return;
  }
  const iterator = items[Symbol.asyncIterator]();
  // One listener for all items. A race of each item with one long promise would keep every item until that ends.
  let giveUp: Listener = () => {};
  const leave = onAbort(signal, (reason) => giveUp(reason));
  try {
    while (true) {
      signal.throwIfAborted();
      const next = await new Promise<IteratorResult<Item>>((resolve, reject) => {
        giveUp = reject;
        Promise.resolve(iterator.next()).then(resolve, reject);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    leave();
    // Not awaited after an abort: a source that gives nothing would not answer this either.
    const ended = iterator.return?.();
    if (!signal.aborted) await ended;
    else ended?.catch(() => {});
  }
}
