import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { didYouMean } from '../../events/nearest.js';
import { ownFile } from '../../events/own-files.js';
import { InputError } from '../../faces/errors.js';
import { isMissing, moduleUrlOf } from '../../kernel/module-url.js';
import { messageOf } from '../../kernel/thrown.js';
import { checkText } from '../given.js';
import { isStrategy, type Strategy } from './define.js';

/** The strategies that come with the package, by their names. */
export const SHIPPED_STRATEGIES = [
  'rsi',
  'ma-cross',
  'breakout',
  'pyramiding',
  'averaging-down',
  'grid',
  'buy-and-hold',
  'surge',
] as const;

/**
 * Where a strategy lies: one of {@link SHIPPED_STRATEGIES} by name, a URL, or a path below the working directory.
 *
 * @throws InputError when it is neither. InvalidOptionError for what is no text and no URL.
 */
export function strategyUrl(strategy: string | URL): string {
  if (strategy instanceof URL) return checkedUrl(strategy.href);
  checkText('loadStrategy', 'strategy', strategy);
  if ((SHIPPED_STRATEGIES as readonly string[]).includes(strategy)) {
    return ownFile(`src/backtest/strategies/shipped/${strategy}.js`).href;
  }
  if (/^(file|data):/.test(strategy)) return checkedUrl(strategy);
  if (existsSync(strategy)) return pathToFileURL(resolve(strategy)).href;
  throw new InputError(
    `There is no strategy '${strategy}': no such file, and none of that name is shipped. ${didYouMean(strategy, [...SHIPPED_STRATEGIES], 'Shipped are')}`,
    { details: { strategy } },
  );
}

/** @throws InputError when no module can be loaded from a URL. */
function checkedUrl(given: string): string {
  const url = moduleUrlOf(given);
  if (url !== undefined) return url;
  throw new InputError(
    `The strategy '${given}' is no URL of a module. Write new URL('./my-strategy.js', import.meta.url).`,
    { details: { strategy: given } },
  );
}

/**
 * Loads a strategy: the default export of a file, or a shipped one by its name.
 *
 * @throws InputError when there is none, when the file fails to load, or when its default export is no strategy.
 */
export async function loadStrategy(strategy: string | URL): Promise<Strategy> {
  const url = strategyUrl(strategy);
  const shown = typeof strategy === 'string' ? strategy : strategy.href;
  if (isMissing(url)) {
    throw new InputError(`The strategy file '${shown}' does not exist.`, { details: { strategy: shown } });
  }
  let loaded: { default?: unknown };
  try {
    loaded = await import(url);
  } catch (error) {
    throw new InputError(`The strategy file '${shown}' failed to load: ${messageOf(error)}`, {
      cause: error,
      details: { strategy: shown },
    });
  }
  const given = loaded.default;
  if (isStrategy(given)) return given;
  const what =
    given === undefined ? 'has no default export' : 'has a default export that defineStrategy did not make';
  throw new InputError(
    `The strategy file '${shown}' ${what}. Write: export default defineStrategy({ name, parameters, onBar(ctx) {} });`,
    { details: { strategy: shown } },
  );
}
