import { types } from 'node:util';

/**
 * Whether a state is a plain value, or fields of such: a copy of it is what its bytes would give, and is had for less. Of
 * a proxy only the bytes know what it was.
 */
export function isFlat(state: unknown): boolean {
  if (typeof state !== 'object' || state === null) return true;
  if (Object.getPrototypeOf(state) !== Object.prototype || types.isProxy(state)) return false;
  const fields = state as Readonly<Record<string, unknown>>;
  for (const name in fields) {
    const value = fields[name];
    if (typeof value === 'object' && value !== null) return false;
  }
  return true;
}

/** A copy of a flat state, whose fields can be changed. */
export function ownCopy(state: unknown): unknown {
  return typeof state === 'object' && state !== null ? { ...state } : state;
}
