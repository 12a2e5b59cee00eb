/** The same items, and the signal's reason as soon as it aborts, even while the next item is being waited for. */
export async function* abortable<Item>(
  items: AsyncIterable<Item>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Item, void, undefined> {
  if (!signal) {
    yield* items;
    return;
  }
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  // Nobody may be waiting for it at the moment in which it rejects.
  aborted.catch(() => {});
  const iterator = items[Symbol.asyncIterator]();
  try {
    signal.throwIfAborted();
    while (true) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    // Not awaited after an abort: a source that gives nothing would not answer this either.
    const ended = iterator.return?.();
    if (!signal.aborted) await ended;
    else ended?.catch(() => {});
  }
}

/** The promise's outcome, or the signal's reason if that comes first. */
export async function unlessAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (!signal) return promise;
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
