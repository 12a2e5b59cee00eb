import {
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { DomainEvent, EventMetadata } from '../events/domain-event.js';
import { guarded } from '../kernel/guarded.js';
import { isThenable } from '../kernel/thenable.js';
import { codeOf, messageOf, nameOf, toError } from '../kernel/thrown.js';
import type { HandlerContext, HandlerEntry } from '../lanes/handlers.js';
import type { WrapHandler } from '../lanes/traced.js';
import { ATTRIBUTES } from './attributes.js';
import { TracedContext } from './traced-context.js';

/** Asked for at the first span, where a provider that throws is the tracer's failure and not that of the module. */
let tracer: Tracer | undefined;

const METADATA: TextMapGetter<EventMetadata> = {
  keys: (metadata) => Object.keys(metadata),
  get: (metadata, key) => (typeof metadata[key] === 'string' ? metadata[key] : undefined),
};

/**
 * A handler that runs inside a span, under the context that its event carries. Whatever the tracer throws here, the lane
 * takes the handler's own outcome and counts a failure of the tracer.
 */
const wrap: WrapHandler = (entry, failed) => {
  const handle = entry.handle as (event: DomainEvent, context: HandlerContext) => void | Promise<void>;
  return (event: DomainEvent, inner: HandlerContext) => {
    // Not under what is active here: on the main thread that is whoever happened to wake the lane.
    const extracted = guarded(() => propagation.extract(ROOT_CONTEXT, event.metadata, METADATA), failed);
    const parent = !extracted || isThenable(extracted) ? ROOT_CONTEXT : extracted;
    const span = guarded(() => startSpan(entry, event, inner, parent), failed);
    if (!span || isThenable(span)) return handle(event, inner);
    const own = trace.setSpan(parent, span);
    try {
      const result = context.with(own, () => handle(event, new TracedContext(inner, own, failed)));
      if (!isThenable(result)) {
        guarded(() => span.end(), failed);
        return undefined;
      }
      return Promise.resolve(result).then(
        () => guarded(() => span.end(), failed),
        (error: unknown) => {
          end(span, error, failed);
          throw error;
        },
      );
    } catch (error) {
      end(span, error, failed);
      throw error;
    }
  };
};

function startSpan(
  { module, eventType }: HandlerEntry,
  event: DomainEvent,
  { lane, attempt }: HandlerContext,
  parent: typeof ROOT_CONTEXT,
): Span {
  const attributes = {
    [ATTRIBUTES.system]: 'millrace',
    [ATTRIBUTES.operationName]: 'process',
    [ATTRIBUTES.operationType]: 'process',
    [ATTRIBUTES.destination]: eventType.type,
    [ATTRIBUTES.partition]: String(lane),
    [ATTRIBUTES.messageId]: event.id,
    [ATTRIBUTES.handler]: module,
    [ATTRIBUTES.position]: event.position,
    [ATTRIBUTES.attempt]: attempt,
  };
  tracer ??= trace.getTracer('millrace');
  return tracer.startSpan(`process ${eventType.type}`, { kind: SpanKind.CONSUMER, attributes }, parent);
}

/** Ends the span of a handler that failed. */
function end(span: Span, thrown: unknown, failed: () => void): void {
  const error = toError(thrown);
  guarded(() => span.setAttribute(ATTRIBUTES.errorType, codeOf(error) ?? nameOf(error)), failed);
  guarded(() => span.recordException(error), failed);
  guarded(() => span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) }), failed);
  guarded(() => span.end(), failed);
}

export default wrap;
