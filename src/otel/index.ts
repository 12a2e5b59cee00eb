import { context } from '@opentelemetry/api';
import { ownFile } from '../events/own-files.js';
import { InvalidOptionError } from '../kernel/errors.js';
import type { Tracing } from '../observe/tracing.js';
import { carrierOf } from './carrier.js';

export type { TraceCarrier, Tracing } from '../observe/tracing.js';
export { ATTRIBUTES } from './attributes.js';

/**
 * Traces an engine with OpenTelemetry: `openEngine({ tracing: openTelemetry() })`. An event that is published carries
 * the active trace context in its metadata, each lane handler runs inside a span `process {type}` under it, and what
 * the handler emits carries the handler's span on.
 *
 * Contexts travel through the global propagator, spans go to the global tracer provider. Both are per thread: register
 * them in a handler module too (best in one of its imports), or the spans of lane threads go nowhere.
 *
 * @throws InvalidOptionError when something is passed: it takes no tracer, provider or options.
 */
export function openTelemetry(...none: readonly never[]): Tracing {
  if (none.length > 0) {
    throw new InvalidOptionError(
      'openTelemetry() takes nothing: register your tracer provider and propagator with @opentelemetry/api, in each thread.',
    );
  }
  return {
    carrier: () => carrierOf(context.active()),
    laneModule: ownFile('src/otel/lane.js').href,
  };
}
