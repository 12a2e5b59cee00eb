import { hash } from 'node:crypto';
import { CANONICAL_KEYS, CANONICAL_STEPS } from './limits.js';

/**
 * A payload as canonical text: keys sorted, volatile fields of the top level left out, what JSON does not
 * know written as no JSON can be. Equal data gives equal text whatever the order of its keys.
 */
export function canonicalText(data: unknown, volatile: readonly string[] = []): string {
  return write(data, volatile);
}

const NONE: readonly string[] = [];

function write(value: unknown, omit: readonly string[]): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return writeNumber(value);
    case 'bigint':
      return `bigint(${value})`;
    case 'object':
      return value === null ? 'null' : writeObject(value, omit);
    default:
      return JSON.stringify(value) ?? 'null';
  }
}

function writeNumber(value: number): string {
  // JSON writes -0 as 0, and the two are different numbers.
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return Number.isFinite(value) ? `${value}` : 'null';
}

function writeObject(value: object, omit: readonly string[]): string {
  if (Array.isArray(value)) return `[${value.map((item) => write(item, NONE)).join(',')}]`;
  if (value instanceof Date) return `date(${value.getTime()})`;
  if (value instanceof Uint8Array) return `bytes(${Buffer.from(value).toString('hex')})`;
  const fields = value as Record<string, unknown>;
  let text = '';
  for (const { key, label, nextLabel } of sorted(Object.keys(fields))) {
    const item = fields[key];
    if (item === undefined || (omit.length > 0 && omit.includes(key))) continue;
    // Few pieces: a payload has so many that joining them is a third of the work.
    text += text === '' ? label : nextLabel;
    text += write(item, NONE);
  }
  return text === '' ? '{}' : `${text}}`;
}

/** A key, and how it is written in front of its value. */
interface Label {
  readonly key: string;
  /** With the brace in front of the first field. */
  readonly label: string;
  /** With the comma in front of any other. */
  readonly nextLabel: string;
}

/** Lists of keys by their own order, one key a step; each knows its sorted order, once it was asked for. */
interface KnownKeys {
  readonly next: Map<string, KnownKeys>;
  sorted: readonly Label[] | undefined;
}

let known: KnownKeys = { next: new Map(), sorted: undefined };
let steps = 0;

/** By number of keys, the list that came last: events of one type come in a row. */
const lastOf: { readonly keys: readonly string[]; readonly sorted: readonly Label[] }[] = [];

/**
 * Keys in their canonical order: by UTF-16 code units, never by locale. The events of a log have few lists of keys, and
 * to sort and quote them for each event was most of a fingerprint's time.
 */
function sorted(keys: readonly string[]): readonly Label[] {
  if (keys.length > CANONICAL_KEYS) return labels(keys);
  if (steps > CANONICAL_STEPS) {
    // Data whose keys are values of their own: it is cheaper to begin anew than to ask which are still in use.
    known = { next: new Map(), sorted: undefined };
    steps = 0;
  }
  const last = lastOf[keys.length];
  if (last !== undefined && isSame(last.keys, keys)) return last.sorted;
  let at = known;
  for (const key of keys) {
    let next = at.next.get(key);
    if (next === undefined) {
      next = { next: new Map(), sorted: undefined };
      at.next.set(key, next);
      steps++;
    }
    at = next;
  }
  at.sorted ??= labels(keys);
  lastOf[keys.length] = { keys, sorted: at.sorted };
  return at.sorted;
}

function isSame(before: readonly string[], keys: readonly string[]): boolean {
  for (let index = 0; index < keys.length; index++) if (before[index] !== keys[index]) return false;
  return true;
}

function labels(keys: readonly string[]): readonly Label[] {
  return [...keys].sort().map((key) => {
    const quoted = JSON.stringify(key);
    return { key, label: `{${quoted}:`, nextLabel: `,${quoted}:` };
  });
}

/** The parts of an event that a fingerprint covers. */
export interface FingerprintedEvent {
  readonly partitionKey: string;
  readonly type: string;
  readonly aggregateId: string;
  readonly version: number;
  readonly occurredAt: number;
  readonly data: unknown;
}

/** The parts of a key's state that a fingerprint covers. */
export interface FingerprintedState {
  readonly partitionKey: string;
  readonly name: string;
  readonly version: number;
  readonly value: unknown;
}

/** The chained hash of a key's events, the next event included. @param previous that of the events before it; '' for none */
export function chained(
  previous: string,
  { type, aggregateId, version, occurredAt, data }: Omit<FingerprintedEvent, 'partitionKey'>,
  volatile: readonly string[],
): string {
  const record = JSON.stringify([type, aggregateId, version, occurredAt]);
  return hash('sha256', `${previous}\n${record}\n${canonicalText(data, volatile)}`);
}

/**
 * SHA-256 over the partition keys in sorted order, each with the chained hash of its events in order
 * (type, aggregate id, version, occurredAt, canonical payload without volatile fields).
 * Positions and the order of rows are not part of it. Where there are states, SHA-256 over that and over the states,
 * sorted by key and name.
 */
export class Fingerprint {
  readonly #chains = new Map<string, string>();
  readonly #states = new Map<string, string>();

  add(event: FingerprintedEvent, volatile: readonly string[]): void {
    const previous = this.#chains.get(event.partitionKey) ?? '';
    this.#chains.set(event.partitionKey, chained(previous, event, volatile));
  }

  /** Goes on with a key where somebody else has made the chain of its events. */
  goOn(partitionKey: string, chain: string): void {
    this.#chains.set(partitionKey, chain);
  }

  addState({ partitionKey, name, version, value }: FingerprintedState): void {
    const place = JSON.stringify([partitionKey, name]);
    this.#states.set(place, hash('sha256', `${version}\n${canonicalText(value)}`));
  }

  digest(): string {
    const events = lines(this.#chains, JSON.stringify);
    if (this.#states.size === 0) return events;
    return hash('sha256', `${events} ${lines(this.#states, (place) => place)}`);
  }
}

/** SHA-256 over names and their hashes, in the order of the names: by UTF-16 code units, never by locale. */
function lines(hashes: ReadonlyMap<string, string>, text: (name: string) => string): string {
  const names = [...hashes.keys()].sort();
  return hash('sha256', names.map((name) => `${text(name)} ${hashes.get(name)}\n`).join(''));
}
