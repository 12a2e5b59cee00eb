import type { HandlerModule } from './handlers.js';

/** Handler modules whose handlers have a `timeoutMs`: their own, or else the engine's `handlerTimeoutMs`. */
export function limited(
  modules: readonly HandlerModule[],
  timeoutMs: number | undefined,
): readonly HandlerModule[] {
  if (timeoutMs === undefined) return modules;
  return modules.map((module) => ({
    ...module,
    entries: module.entries.map((entry) => ({ ...entry, timeoutMs: entry.timeoutMs ?? timeoutMs })),
  }));
}
