import {
  HandlerModuleInvalidError,
  HandlerModuleNotFoundError,
  InvalidDefinitionError,
} from '../../kernel/errors.js';
import { isMissing } from '../../kernel/module-url.js';
import { importModule } from '../load-handlers.js';
import { type Aggregate, isAggregate } from './define-aggregate.js';

/**
 * The aggregates that modules export, under whatever names, in order.
 *
 * @param given URLs of modules, or on the main thread the aggregates themselves.
 * @throws HandlerModuleNotFoundError, HandlerModuleInvalidError or HandlerModuleFailedError naming the module;
 * InvalidDefinitionError when two aggregates have one name.
 */
export async function loadAggregates(given: readonly (string | Aggregate)[]): Promise<readonly Aggregate[]> {
  const byName = new Map<string, Aggregate>();
  for (const one of given) {
    for (const aggregate of isAggregate(one) ? [one] : await aggregatesIn(one)) {
      const known = byName.get(aggregate.name);
      if (known && known !== aggregate) {
        throw new InvalidDefinitionError(
          `Two aggregates have the name '${aggregate.name}'. Give one of them another one: commands find an aggregate by its name.`,
          { details: { aggregate: aggregate.name } },
        );
      }
      byName.set(aggregate.name, aggregate);
    }
  }
  return [...byName.values()];
}

async function aggregatesIn(url: string): Promise<readonly Aggregate[]> {
  if (isMissing(url)) {
    throw new HandlerModuleNotFoundError(
      `Module ${url} of option aggregates does not exist. Pass a URL such as new URL('./account.js', import.meta.url).`,
      { details: { module: url } },
    );
  }
  const loaded: object = await importModule('Aggregate', url);
  const own = Object.values(loaded);
  // A CommonJS module has all that it exports in its default export, too.
  const inner = own.flatMap((value) => (isModule(value) ? Object.values(value) : []));
  const found = [...new Set([...own, ...inner].filter(isAggregate))];
  if (found.length > 0) return found;
  throw new HandlerModuleInvalidError(
    `Module ${url} of option aggregates exports no aggregate. Write: export const Account = defineAggregate('account', { … });`,
    { details: { module: url } },
  );
}

function isModule(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isAggregate(value);
}
