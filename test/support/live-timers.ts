const alive = new Map<unknown, string>();

/** The package's own code, and the thread pool that it uses. */
const OURS = /\/dist\/(src|workers)\/|\/piscina\//;

/** Remembers the timers that our code sets; those of tests and of the test runner are none of its business. */
function watch(name: 'setTimeout' | 'setInterval'): void {
  const original = globalThis[name];
  const watched = (callback: (...args: unknown[]) => void, ...rest: unknown[]): NodeJS.Timeout => {
    const place = new Error().stack?.split('\n').find((line) => OURS.test(line));
    const fire = (...args: unknown[]) => {
      if (name === 'setTimeout') alive.delete(timer);
      callback(...args);
    };
    const timer = original(fire, ...(rest as [number]));
    if (place !== undefined) alive.set(timer, `${name} ${place.trim()}`);
    return timer;
  };
  // What is set besides, such as the form for promises, stays.
  globalThis[name] = Object.assign(watched, original) as typeof original & typeof setTimeout;
}

function unwatch(name: 'clearTimeout' | 'clearInterval'): void {
  const original = globalThis[name];
  globalThis[name] = (timer) => {
    alive.delete(timer);
    original(timer);
  };
}

watch('setTimeout');
watch('setInterval');
unwatch('clearTimeout');
unwatch('clearInterval');

/** Timers that our code has set, and neither cleared nor seen fire. */
export function liveTimers(): string[] {
  return [...alive.values()];
}
