import type { NewEvent, openEngine } from '../index.js';
import { SWEEP_RUNS_AHEAD } from '../limits.js';

export type OpenedEngine = Awaited<ReturnType<typeof openEngine>>;

/**
 * Keeps a few backtests per thread under way, not all of them: what was published is finished before the engine
 * closes, so a short queue is what makes an abort quick.
 */
export async function publishAhead(
  engine: OpenedEngine,
  events: readonly NewEvent[],
  signal?: AbortSignal,
): Promise<void> {
  const ahead = SWEEP_RUNS_AHEAD * Math.max(1, engine.stats().threads);
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for (const event of events) {
    if (signal?.aborted || failures.length > 0) break;
    const run: Promise<void> = engine
      .publish(event, { until: 'handled' })
      .then(
        () => undefined,
        (error: unknown) => void failures.push(error),
      )
      .finally(() => running.delete(run));
    running.add(run);
    if (running.size >= ahead) await Promise.race(running);
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}
