import type { EventOptions } from './define-event.js';
import type { StoredMetadata } from './domain-event.js';

/** What is stored of an event's options besides its time; undefined for nothing. */
export function storedMetadata(options: EventOptions): StoredMetadata | undefined {
  const { correlationId, causationId, eventId, metadata } = options;
  if ((correlationId ?? causationId ?? eventId) === undefined && metadata === undefined) return undefined;
  return {
    ...(causationId !== undefined && { c: causationId }),
    ...(correlationId !== undefined && { r: correlationId }),
    ...(eventId !== undefined && { i: eventId }),
    ...(metadata && { u: metadata }),
  };
}
