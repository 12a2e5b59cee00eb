import { type Context, propagation } from '@opentelemetry/api';
import type { TraceCarrier } from '../observe/tracing.js';

/** What the global propagator writes for a context; undefined when it writes nothing. */
export function carrierOf(active: Context): TraceCarrier | undefined {
  const carrier: Record<string, string> = {};
  propagation.inject(active, carrier);
  return Object.keys(carrier).length === 0 ? undefined : carrier;
}
