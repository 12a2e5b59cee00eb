import { UpcastError } from '../kernel/errors.js';
import { isPromised } from '../kernel/thenable.js';
import { reasonOf } from '../kernel/thrown.js';
import type { AnyEventType } from './define-event.js';
import { checkPayload } from './payload-check.js';
import type { StoredType } from './registry.js';
import { isRecheckable } from './schema-kind.js';

/**
 * The payload of a stored event in its current form: decoded data, upcast if an older version was stored.
 *
 * @throws UpcastError when it has no such form: the event fails alone, and who reads it learns its position.
 */
export function currentData(
  definition: AnyEventType | undefined,
  stored: StoredType,
  data: unknown,
  position: number,
): unknown {
  if (!definition?.upcast || stored.version >= definition.version) return data;
  let current: unknown;
  try {
    current = definition.upcast(data, stored.version);
  } catch (thrown) {
    throw failed(definition, stored, position, `threw: ${reasonOf(thrown)}`, thrown);
  }
  if (isPromised(current)) {
    throw failed(definition, stored, position, 'returned a promise; it must return the payload at once');
  }
  checkCurrent(definition, stored, position, current);
  return current;
}

/** What no publisher could have published, no handler may see either. */
function checkCurrent(definition: AnyEventType, stored: StoredType, position: number, data: unknown): void {
  let problem: string | undefined;
  let cause: unknown;
  try {
    checkPayload(definition.type, data);
    if (!isRecheckable(definition.schema)) return;
    const result = definition.schema.safeParse(data);
    if (result.success) return;
    const [issue] = result.error.issues;
    const path = issue?.path.map(String).join('.') ?? '';
    problem = `${path && `field '${path}': `}${issue?.message ?? 'it does not match the schema'}`;
    cause = result.error;
  } catch (error) {
    problem = reasonOf(error);
    cause = error;
  }
  throw failed(definition, stored, position, `returned what is no payload of the type (${problem})`, cause);
}

function failed(
  { type, version }: AnyEventType,
  stored: StoredType,
  position: number,
  what: string,
  cause?: unknown,
): UpcastError {
  return new UpcastError(
    `Event '${type}' at position ${position} was stored with version ${stored.version} and cannot be turned into version ${version}: its function upcast ${what}. The event is whole: mend upcast, and it can be read.`,
    {
      ...(cause !== undefined && { cause }),
      details: { type, function: 'upcast', position, storedVersion: stored.version },
    },
  );
}
