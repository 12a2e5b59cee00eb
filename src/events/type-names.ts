import { InvalidOptionError } from '../kernel/errors.js';
import type { AnyEventType } from './define-event.js';

/** An event type, or its name. */
export type TypeOrName = string | Pick<AnyEventType, 'type' | 'aliases'>;

/**
 * The option `types` of a reader: each type's names, the current one first.
 *
 * @throws InvalidOptionError when it is no array, or one of it neither an event type nor a name.
 */
export function namesOfTypes(of: string, types: readonly TypeOrName[]): readonly (readonly string[])[] {
  if (!Array.isArray(types)) {
    throw new InvalidOptionError(`${of}: types must be an array of event types or their names.`);
  }
  // A hole is looked at like everything else.
  return Array.from(types, (given: TypeOrName, index) => {
    if (typeof given === 'string') return [given];
    if (typeof given?.type === 'string') return [given.type, ...(given.aliases ?? [])];
    throw new InvalidOptionError(
      `${of}: types[${index}] is ${given === null ? 'null' : `of type ${typeof given}`}; it must be an event type or its name.`,
    );
  });
}
