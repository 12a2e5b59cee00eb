import type { DomainEvent } from '../index.js';
import { jsonLine } from './output.js';

/** An event in one line for a person: position, time, type, aggregate and version, payload. */
export function eventLine(event: DomainEvent): string {
  const { position, occurredAt, type, aggregateId, version, data } = event;
  const date = new Date(occurredAt);
  // A log of an earlier version may have a time that no Date can hold.
  const time = Number.isNaN(date.getTime()) ? String(occurredAt) : date.toISOString();
  return `${position}  ${time}  ${type}  ${aggregateId} v${version}  ${jsonLine(data)}`;
}
