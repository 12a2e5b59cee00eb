import type { NewEvent } from '../../events/define-event.js';

// A command with an id names its events after it, so that the log itself knows which commands were done.

/** The `eventId` of a command's event, counted from 0. */
export function eventIdOf(commandId: string, index: number): string {
  return `${commandId}#${index}`;
}

/** The command whose first event has this id; undefined when it is none of those. */
export function commandIdIn(eventId: string | undefined): string | undefined {
  return eventId?.endsWith('#0') ? eventId.slice(0, -2) : undefined;
}

/** The events, named after their command if that has an id. */
export function named(events: readonly NewEvent[], commandId: string | undefined): readonly NewEvent[] {
  if (commandId === undefined) return events;
  return events.map((event, index) => ({
    ...event,
    options: { ...event.options, eventId: eventIdOf(commandId, index) },
  }));
}
