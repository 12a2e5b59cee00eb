/** What comes and goes by itself in any process, and what has a check of its own. */
const PASSING = new Set(['Timeout', 'Immediate', 'FSReqCallback', 'FSReqPromise', 'MessagePort', 'Worker']);

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const before = count();

/** Handles of each kind: child processes, pipes, sockets, servers, watchers; and listeners for signals. */
function count(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!PASSING.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  for (const signal of SIGNALS) counts.set(`${signal} listener`, process.listenerCount(signal));
  return counts;
}

/** The kinds of which there are more than when this module was loaded. */
export function liveHandles(): string[] {
  return [...count()].flatMap(([kind, now]) => {
    const more = now - (before.get(kind) ?? 0);
    return more > 0 ? [`${more} × ${kind}`] : [];
  });
}
