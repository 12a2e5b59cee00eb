import { type Context, propagation } from '@opentelemetry/api';
import { isPromised } from '../kernel/thenable.js';
import type { TraceCarrier } from '../observe/tracing.js';

/** What the global propagator writes for a context; undefined when it writes nothing. @throws TypeError for an async propagator. */
export function carrierOf(active: Context): TraceCarrier | undefined {
  const carrier: Record<string, string> = {};
  const injected: unknown = propagation.inject(active, carrier);
  if (isPromised(injected))
    throw new TypeError('The propagator is async, and nobody waits for what it writes.');
  return Object.keys(carrier).length === 0 ? undefined : carrier;
}
