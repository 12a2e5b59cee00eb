import { type EventOptions, plainEventOptions } from '../events/define-event.js';

/** Text fields that carry a trace context in an event's metadata, such as `traceparent`. */
export type TraceCarrier = Readonly<Record<string, string>>;

/**
 * How an engine takes part in distributed traces. `openTelemetry()` of `millrace/otel` makes one; the engine knows
 * nothing of it but this.
 */
export interface Tracing {
  /** The fields for an event that is being published, called on the publisher's stack; undefined for none. */
  carrier(): TraceCarrier | undefined;
  /**
   * URL of a module that every lane loads after the handler modules. Its default export is given each handler's entry
   * and returns the function to call in the handler's place.
   */
  readonly laneModule: string;
}

/** What of a carrier can be metadata, whatever a propagator has written into it: well-formed texts. */
export function textsOf(carrier: TraceCarrier | undefined): TraceCarrier | undefined {
  if (carrier === undefined) return undefined;
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries<unknown>(carrier)) {
    const isText = typeof value === 'string' && value.isWellFormed();
    if (isText && key !== '__proto__' && key.isWellFormed()) texts[key] = value;
  }
  return texts;
}

/** Options of an event with a trace context in its metadata; what the publisher has set there himself stays. */
export function withCarrier(
  options: EventOptions | undefined,
  carrier: TraceCarrier | undefined,
): EventOptions | undefined {
  if (carrier === undefined) return options;
  return { ...plainEventOptions(options), metadata: { ...carrier, ...options?.metadata } };
}
