import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  HandlerModuleFailedError,
  HandlerModuleInvalidError,
  HandlerModuleNotFoundError,
  InvalidDefinitionError,
} from '../events/errors.js';
import { codeOf, messageOf, reasonOf } from '../events/thrown.js';
import { type HandlerModule, isHandlerModule } from './handlers.js';

/**
 * Imports the handler modules, in order.
 *
 * @throws HandlerModuleNotFoundError, HandlerModuleInvalidError or HandlerModuleFailedError naming the module.
 */
export async function loadHandlers(urls: readonly string[]): Promise<HandlerModule[]> {
  const modules: HandlerModule[] = [];
  for (const url of urls) modules.push(await loadOne(url));
  return modules;
}

async function loadOne(url: string): Promise<HandlerModule> {
  if (url.startsWith('file:') && !existsSync(fileURLToPath(url))) {
    throw new HandlerModuleNotFoundError(
      `Handler module ${url} does not exist. Pass a URL such as new URL('./risk.handlers.js', import.meta.url).`,
      { details: { module: url } },
    );
  }
  const loaded = await importModule(url);
  if (isHandlerModule(loaded.default)) return loaded.default;
  throw new HandlerModuleInvalidError(
    `Handler module ${url} has ${'default' in loaded ? 'a default export that defineHandlers did not make' : 'no default export'}. ` +
      "Write: export default defineHandlers('risk', (on) => { on(OrderPlaced, (event, ctx) => {}); });",
    { details: { module: url } },
  );
}

/** @throws HandlerModuleFailedError, InvalidDefinitionError naming the module. */
export async function importModule(url: string): Promise<{ default?: unknown }> {
  try {
    return (await import(url)) as { default?: unknown };
  } catch (error) {
    if (error instanceof InvalidDefinitionError) {
      throw new InvalidDefinitionError(`Handler module ${url}: ${messageOf(error)}`, { cause: error });
    }
    const hint =
      codeOf(error) === 'ERR_UNKNOWN_FILE_EXTENSION'
        ? ' This Node.js cannot load TypeScript: compile the module, or use Node 22.18 or newer.'
        : '';
    throw new HandlerModuleFailedError(`Handler module ${url} failed to load: ${reasonOf(error)}.${hint}`, {
      cause: error,
      details: { module: url },
    });
  }
}
