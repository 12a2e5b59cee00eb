import type { DomainEvent } from '../index.js';
import { jsonLine } from './output.js';

/** An event in one line for a person: position, time, type, aggregate and version, payload. */
export function eventLine(event: DomainEvent): string {
  const { position, occurredAt, type, aggregateId, version, data } = event;
  const time = Number.isFinite(occurredAt) ? new Date(occurredAt).toISOString() : String(occurredAt);
  return `${position}  ${time}  ${type}  ${aggregateId} v${version}  ${jsonLine(data)}`;
}
