import { HandlerModuleInvalidError } from '../events/errors.js';
import type { HandlerEntry, HandlerModule } from './handlers.js';
import { importModule } from './load-handlers.js';

/** The default export of a `Tracing.laneModule`: what is called in a handler's place. */
export type WrapHandler = (entry: HandlerEntry) => HandlerEntry['handle'];

/**
 * Handler modules whose handlers run inside spans. Done once when a lane opens, so that a lane without tracing
 * has nothing to ask.
 *
 * @throws HandlerModuleFailedError, HandlerModuleInvalidError naming the tracing module.
 */
export async function traced(
  modules: readonly HandlerModule[],
  url: string | undefined,
): Promise<readonly HandlerModule[]> {
  if (url === undefined) return modules;
  const { default: wrap } = await importModule(url);
  if (typeof wrap !== 'function') {
    throw new HandlerModuleInvalidError(
      `Tracing module ${url} has no default export that wraps handlers. Pass what openTelemetry() of 'millrace/otel' returns.`,
      { details: { module: url } },
    );
  }
  return modules.map((module) => ({
    ...module,
    entries: module.entries.map((entry) => ({ ...entry, handle: (wrap as WrapHandler)(entry) })),
  }));
}
