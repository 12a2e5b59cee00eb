import { inspect } from 'node:util';
import { SHOWN_CHARACTERS, SHOWN_EVENTS } from '../limits.js';
import type { SeenEvent } from './event-source.js';

/** A value on one line, cut short when it is long. */
export function valueText(value: unknown): string {
  const text = inspect(value, {
    depth: 6,
    compact: true,
    breakLength: Number.POSITIVE_INFINITY,
    maxStringLength: SHOWN_CHARACTERS,
    maxArrayLength: SHOWN_EVENTS,
  });
  const line = text.replace(/\s*\n\s*/g, ' ');
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}

/** An event on one line: place, type, aggregate, payload. */
export function eventText({ position, type, aggregateId, version, data }: SeenEvent): string {
  const number = version === undefined ? '' : ` v${version}`;
  return `#${position} ${type} ${aggregateId}${number} ${valueText(data)}`;
}

/** Events one a line, the newest ones when there are too many for a screen. */
export function eventLines(events: readonly SeenEvent[], left = 0): string {
  const hidden = left + Math.max(0, events.length - SHOWN_EVENTS);
  const lines = events.slice(-SHOWN_EVENTS).map((event) => `  ${eventText(event)}`);
  return [...(hidden > 0 ? [`  … ${hidden} before`] : []), ...lines].join('\n');
}

/** `3 events`, `1 event`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
