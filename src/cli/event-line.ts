import type { DomainEvent } from '../faces/define.js';
import { visible } from '../kernel/visible.js';
import { INSPECT_ID_CHARACTERS, INSPECT_PAYLOAD_CHARACTERS } from './limits.js';
import { jsonLine, shortened } from './output.js';

/** An event in one line for a person: position, time, type, aggregate and version, payload. */
export function eventLine(event: DomainEvent): string {
  return lineOf(event, visible(event.aggregateId), jsonLine(event.data));
}

/** The same, of a length that a screen holds. */
export function shortEventLine(event: DomainEvent): string {
  const payload = shortened(jsonLine(event.data), INSPECT_PAYLOAD_CHARACTERS);
  return lineOf(event, shortened(event.aggregateId, INSPECT_ID_CHARACTERS), payload);
}

function lineOf({ position, occurredAt, type, version }: DomainEvent, id: string, payload: string): string {
  const date = new Date(occurredAt);
  // A log of an earlier version may have a time that no Date can hold.
  const time = Number.isNaN(date.getTime()) ? String(occurredAt) : date.toISOString();
  return `${position}  ${time}  ${visible(type)}  ${id} v${version}  ${payload}`;
}
