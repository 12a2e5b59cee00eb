import { EventFunctionError } from '../kernel/errors.js';
import { reasonOf } from '../kernel/thrown.js';
import type { AnyEventType } from './define-event.js';

/** The functions of an event type that belong to the user. */
export type EventFunction = 'schema' | 'aggregateId' | 'partitionKey' | 'upcast';

/**
 * The error for a function of an event type that did not do its part: it says which one, of which type, and why.
 *
 * @param why what it threw, or the sentence's end about what it returned.
 */
export function functionFailed(
  { type }: Pick<AnyEventType, 'type'>,
  name: EventFunction,
  why: { readonly thrown: unknown } | { readonly returned: string },
): EventFunctionError {
  const what =
    'thrown' in why
      ? `threw: ${reasonOf(why.thrown)}. Mend it in defineEvent('${type}').`
      : `${why.returned}. It must return its value at once, because events are numbered in the order of the calls.`;
  const cause = 'thrown' in why ? { cause: why.thrown } : {};
  return new EventFunctionError(`Event '${type}': its function ${name} ${what}`, {
    ...cause,
    details: { type, function: name },
  });
}
