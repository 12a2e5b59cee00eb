import {
  HandlerModuleFailedError,
  HandlerModuleInvalidError,
  HandlerModuleNotFoundError,
  InvalidDefinitionError,
} from '../kernel/errors.js';
import { isMissing } from '../kernel/module-url.js';
import { codeOf, messageOf, reasonOf } from '../kernel/thrown.js';
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
  if (isMissing(url)) {
    throw new HandlerModuleNotFoundError(
      `Handler module ${url} does not exist. Pass a URL such as new URL('./risk.handlers.js', import.meta.url).`,
      { details: { module: url } },
    );
  }
  const loaded = await importModule('Handler', url);
  const given = defaultOf(loaded, isHandlerModule);
  if (given) return given;
  throw new HandlerModuleInvalidError(
    `Handler module ${url} ${whatItExports(loaded)}. ` +
      "Write: export default defineHandlers('risk', (on) => { on(OrderPlaced, (event, ctx) => {}); });",
    { details: { module: url } },
  );
}

/** Node.js names all exports of a CommonJS module `module.exports`, beside the default export that it makes of them. */
function whatItExports(loaded: { default?: unknown }): string {
  if ('module.exports' in loaded) {
    return 'is CommonJS, and neither its module.exports nor its exports.default is what defineHandlers made';
  }
  return 'default' in loaded
    ? 'has a default export that defineHandlers did not make'
    : 'has no default export';
}

/**
 * A module's default export. One that was compiled to CommonJS has it as `exports.default`, and what Node.js calls the
 * default export of a CommonJS module is all of its exports.
 */
export function defaultOf<Wanted>(
  { default: given }: { default?: unknown },
  isWanted: (value: unknown) => value is Wanted,
): Wanted | undefined {
  if (isWanted(given)) return given;
  const inner =
    typeof given === 'object' && given !== null ? (given as { default?: unknown }).default : given;
  return isWanted(inner) ? inner : undefined;
}

/**
 * @param what the module is, as the error names it.
 * @throws HandlerModuleFailedError, InvalidDefinitionError naming the module.
 */
export async function importModule(
  what: 'Handler' | 'Aggregate' | 'Consumer' | 'Tracing',
  url: string,
): Promise<{ default?: unknown }> {
  try {
    return (await import(url)) as { default?: unknown };
  } catch (error) {
    if (error instanceof InvalidDefinitionError) {
      throw new InvalidDefinitionError(`${what} module ${url}: ${messageOf(error)}`, { cause: error });
    }
    const hint =
      codeOf(error) === 'ERR_UNKNOWN_FILE_EXTENSION'
        ? ' This Node.js cannot load TypeScript: compile the module, or use Node 22.18 or newer.'
        : '';
    throw new HandlerModuleFailedError(`${what} module ${url} failed to load: ${reasonOf(error)}.${hint}`, {
      cause: error,
      details: { module: url },
    });
  }
}
