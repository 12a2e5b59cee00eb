import { HandlerModuleInvalidError } from '../events/errors.js';
import type { HandlerEntry, HandlerModule } from './handlers.js';
import { defaultOf, importModule } from './load-handlers.js';

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
  const wrap = defaultOf(await importModule(url), isWrap);
  if (!wrap) {
    throw new HandlerModuleInvalidError(
      `Tracing module ${url} has no default export that wraps handlers. Pass what openTelemetry() of 'millrace/otel' returns.`,
      { details: { module: url } },
    );
  }
  return modules.map((module) => ({
    ...module,
    entries: module.entries.map((entry) => ({ ...entry, handle: wrap(entry) })),
  }));
}

function isWrap(value: unknown): value is WrapHandler {
  return typeof value === 'function';
}
