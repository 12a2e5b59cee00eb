// What SQL and exports show of a payload: JSON as other programs expect it. What JSON has no word for becomes the
// nearest thing that one of them can use; `src/transfer/exact-json.ts` has the form that loses nothing.

/** Fields by which the exact form marks what JSON does not know. An object of one such field is itself marked there. */
export const TAGS: ReadonlySet<string> = new Set([
  '$bigint',
  '$bytes',
  '$date',
  '$number',
  '$undefined',
  '$object',
]);

/** Whether JSON says all there is to say of a value, so that its plain and its exact form are the same. */
export function isJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return !Object.is(value, -0);
    case 'object':
      return value === null || isJsonObject(value);
    default:
      return false;
  }
}

function isJsonObject(value: object): boolean {
  if (Array.isArray(value)) return value.every(isJson);
  if (value instanceof Date || value instanceof Uint8Array) return false;
  const keys = Object.keys(value);
  if (keys.length === 1 && TAGS.has(keys[0] as string)) return false;
  return keys.every((key) => isJson((value as Record<string, unknown>)[key]));
}

/**
 * A payload as JSON text: a bigint as a number of all its digits, a Date as its ISO text, bytes as hexadecimal text, -0
 * as 0; a field that is undefined is left out, and an item of a list is null.
 */
export function plainJson(value: unknown): string {
  return JSON.stringify(isJson(value) ? value : plain(value)) ?? 'null';
}

/** Of Node.js, and not among the types of the language yet. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** What JSON.stringify writes as it should be. A function that it calls for each field would take three times as long. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return rawJSON(String(value));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) copy[key] = plain((value as Record<string, unknown>)[key]);
  return copy;
}
