import { SHOWN_DIFFERENCES } from '../limits.js';
import { valueText } from './text.js';

/** How closely objects are compared: with every field, or only with the fields that are expected. */
export type Closeness = 'whole' | 'partial';

/**
 * What differs between two payloads, one text for each field, `data.amount: expected 5, got 7`; empty when they
 * are equal. A field that is undefined counts as missing, because a log may bring it back either way.
 */
export function differences(
  expected: unknown,
  actual: unknown,
  closeness: Closeness,
  path = 'data',
): readonly string[] {
  const found: string[] = [];
  collect(expected, actual, closeness, path, found);
  const more = found.length - SHOWN_DIFFERENCES;
  return more > 0 ? [...found.slice(0, SHOWN_DIFFERENCES), `… and ${more} more`] : found;
}

function collect(
  expected: unknown,
  actual: unknown,
  closeness: Closeness,
  path: string,
  found: string[],
): void {
  if (sameValue(expected, actual)) return;
  const fields = fieldsOf(expected, actual, closeness);
  if (!fields) {
    found.push(`${path}: expected ${valueText(expected)}, got ${valueText(actual)}`);
    return;
  }
  for (const field of fields) {
    collect(
      valueAt(expected, field),
      valueAt(actual, field),
      closeness,
      pathTo(path, expected, field),
      found,
    );
  }
}

function sameValue(expected: unknown, actual: unknown): boolean {
  if (expected === actual || Object.is(expected, actual)) return true;
  if (expected instanceof Date && actual instanceof Date) return Object.is(+expected, +actual);
  if (expected instanceof Uint8Array && actual instanceof Uint8Array) {
    return Buffer.compare(expected, actual) === 0;
  }
  return false;
}

/** The fields to go into when both values have fields of the same kind. */
function fieldsOf(expected: unknown, actual: unknown, closeness: Closeness): readonly string[] | undefined {
  if (!hasFields(expected) || !hasFields(actual)) return undefined;
  if (Array.isArray(expected) || Array.isArray(actual)) {
    // An array that is too long or too short differs as a whole: its fields would be told apart by their place.
    if (!Array.isArray(expected) || !Array.isArray(actual) || expected.length !== actual.length) {
      return undefined;
    }
    return Object.keys(expected);
  }
  const names = Object.keys(expected);
  return closeness === 'partial' ? names : [...new Set([...names, ...Object.keys(actual)])];
}

function hasFields(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array)
  );
}

function valueAt(value: unknown, field: string): unknown {
  return (value as Readonly<Record<string, unknown>>)[field];
}

function pathTo(path: string, parent: unknown, field: string): string {
  return Array.isArray(parent) ? `${path}[${field}]` : `${path}.${field}`;
}
