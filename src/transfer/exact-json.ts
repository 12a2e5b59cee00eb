import { MAX_PAYLOAD_DEPTH } from '../limits.js';
import { isJson, TAGS } from '../store/sql/plain-json.js';

// The form of JSON lines: what JSON knows is written as JSON, and what it does not as an object of one field whose name
// says what it is. An object that is data and looks like such a one is wrapped, so nothing is ever taken for another.
//
//   {"$bigint":"12"}   {"$bytes":"00ff"}   {"$date":"2026-03-01T09:00:00.000Z"}   {"$number":"-0"}
//   {"$undefined":true}   {"$object":{"$date":"was data"}}

/** A value for `JSON.stringify`, with tags where JSON has no word for it. */
export function tagged(value: unknown): unknown {
  if (isJson(value)) return value;
  switch (typeof value) {
    case 'bigint':
      return { $bigint: String(value) };
    case 'undefined':
      return { $undefined: true };
    case 'object':
      return value === null ? null : taggedObject(value);
    default:
      // Minus zero is all that is left.
      return { $number: '-0' };
  }
}

function taggedObject(value: object): unknown {
  if (Array.isArray(value)) return value.map(tagged);
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('hex') };
  const fields = Object.entries(value).map(([key, item]) => [key, tagged(item)]);
  const copy: unknown = Object.fromEntries(fields);
  return isTag(value) ? { $object: copy } : copy;
}

function isTag(value: object): boolean {
  const [key = '', ...more] = Object.keys(value);
  return more.length === 0 && TAGS.has(key);
}

/** Why a value cannot be one of an event. */
export class BadValue extends Error {}

/** What `tagged` was made of, out of what `JSON.parse` made of it. @throws BadValue */
export function untagged(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => untagged(item, below(depth)));
  if (!isTag(value)) return fieldsOf(value, depth);
  const [[tag = '', content] = []] = Object.entries(value);
  if (tag === '$object' && typeof content === 'object' && content !== null) return fieldsOf(content, depth);
  if (tag === '$undefined' && content === true) return undefined;
  if (typeof content !== 'string') throw new BadValue(`{"${tag}": …} says nothing`);
  return exactValue(tag, content);
}

function fieldsOf(value: object, depth: number): object {
  const items = below(depth);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, untagged(item, items)]));
}

/** A file that somebody has made or damaged may be deeper than any event, and than the stack. */
function below(depth: number): number {
  if (depth < MAX_PAYLOAD_DEPTH) return depth + 1;
  throw new BadValue(`something is deeper than ${MAX_PAYLOAD_DEPTH} levels`);
}

function exactValue(tag: string, text: string): unknown {
  if (tag === '$bigint' && /^-?\d{1,20}$/.test(text)) return BigInt(text);
  if (tag === '$bytes' && /^(?:[0-9a-f]{2})*$/.test(text)) return Buffer.from(text, 'hex');
  if (tag === '$number' && text === '-0') return -0;
  const date = tag === '$date' ? new Date(text) : undefined;
  if (date && !Number.isNaN(date.getTime()) && date.toISOString() === text) return date;
  throw new BadValue(`{"${tag}": ${JSON.stringify(text.slice(0, 40))}} says nothing`);
}
