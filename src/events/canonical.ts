import { hash } from 'node:crypto';

/**
 * A payload as canonical text: keys sorted, volatile fields of the top level left out, what JSON does not
 * know written as no JSON can be. Equal data gives equal text whatever the order of its keys.
 */
export function canonicalText(data: unknown, volatile: readonly string[] = []): string {
  return write(data, volatile);
}

function write(value: unknown, omit: readonly string[]): string {
  if (Array.isArray(value)) return `[${value.map((item) => write(item, [])).join(',')}]`;
  if (typeof value === 'bigint') return `bigint(${value})`;
  if (typeof value !== 'object' || value === null) return writePrimitive(value);
  if (value instanceof Date) return `date(${value.getTime()})`;
  if (value instanceof Uint8Array) return `bytes(${Buffer.from(value).toString('hex')})`;
  const fields = value as Record<string, unknown>;
  const keys = Object.keys(fields).filter((key) => fields[key] !== undefined && !omit.includes(key));
  return `{${keys
    .sort()
    .map((key) => `${JSON.stringify(key)}:${write(fields[key], [])}`)
    .join(',')}}`;
}

function writePrimitive(value: unknown): string {
  // JSON writes -0 as 0, and the two are different numbers.
  return Object.is(value, -0) ? '-0' : (JSON.stringify(value) ?? 'null');
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

/**
 * SHA-256 over the partition keys in sorted order, each with the chained hash of its events in order
 * (type, aggregate id, version, occurredAt, canonical payload without volatile fields).
 * Positions and the order of rows are not part of it.
 */
export class Fingerprint {
  readonly #chains = new Map<string, string>();

  add(event: FingerprintedEvent, volatile: readonly string[]): void {
    const previous = this.#chains.get(event.partitionKey) ?? '';
    const record = JSON.stringify([event.type, event.aggregateId, event.version, event.occurredAt]);
    const text = `${previous}\n${record}\n${canonicalText(event.data, volatile)}`;
    this.#chains.set(event.partitionKey, hash('sha256', text));
  }

  digest(): string {
    // Sorted by UTF-16 code units, never by locale.
    const keys = [...this.#chains.keys()].sort();
    return hash('sha256', keys.map((key) => `${JSON.stringify(key)} ${this.#chains.get(key)}\n`).join(''));
  }
}
