import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { BroadcastChannel, threadId } from 'node:worker_threads';
import { context, propagation, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';

/**
 * The least that OpenTelemetry's API needs to trace: spans, contexts that follow async code, W3C headers. Importing
 * it registers all three for this thread. Ended spans are told to all threads.
 */

/** Where ended spans are told. */
export const SPANS = 'test-spans';

/**
 * @typedef {object} EndedSpan
 * @property {string} name
 * @property {number | undefined} kind
 * @property {string} traceId
 * @property {string} spanId
 * @property {string | undefined} parentId
 * @property {Record<string, unknown>} attributes
 * @property {{ code: number, message?: string }} status
 * @property {string[]} exceptions
 * @property {number} thread
 */

/** What of the tracer throws on this thread, by name; `garbage` has it inject what is no text. */
export const broken = { what: '' };

/** @param {string} what */
function check(what) {
  if (broken.what === what) throw new Error('the tracer is broken');
}

/** What an async part of a tracer returns where nobody waits for it. @param {string} what */
function later(what) {
  return broken.what === `${what} later` ? Promise.reject(new Error('the tracer is broken')) : undefined;
}

const ended = new BroadcastChannel(SPANS);
ended.unref();

/** @type {(span: EndedSpan) => void} */
const tell = (span) => ended.postMessage(span);

class TestSpan {
  /** @type {{ code: number, message?: string }} */
  #status = { code: SpanStatusCode.UNSET };
  /** @type {string[]} */
  #exceptions = [];

  /**
   * @param {string} name
   * @param {import('@opentelemetry/api').SpanOptions} options
   * @param {import('@opentelemetry/api').SpanContext | undefined} parent
   */
  constructor(name, { kind, attributes }, parent) {
    this.name = name;
    this.kind = kind;
    this.attributes = { ...attributes };
    this.parent = parent;
    this.context = {
      traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      traceFlags: 1,
      ...(parent?.traceState && { traceState: parent.traceState }),
    };
  }

  spanContext() {
    return this.context;
  }

  /** @param {string} key @param {import('@opentelemetry/api').AttributeValue} value */
  setAttribute(key, value) {
    check('setAttribute');
    this.attributes[key] = value;
    return this;
  }

  /** @param {import('@opentelemetry/api').SpanStatus} status */
  setStatus(status) {
    check('setStatus');
    this.#status = { ...status };
    return this;
  }

  /** @param {import('@opentelemetry/api').Exception} exception */
  recordException(exception) {
    check('recordException');
    this.#exceptions.push(String(exception));
  }

  end() {
    check('end');
    const ending = later('end');
    if (ending) return ending;
    const { name, kind, attributes, parent, context: own } = this;
    tell({
      name,
      kind,
      attributes,
      traceId: own.traceId,
      spanId: own.spanId,
      parentId: parent?.spanId,
      status: this.#status,
      exceptions: this.#exceptions,
      thread: threadId,
    });
    return undefined;
  }
}

class TestTracer {
  /** @type {import('@opentelemetry/api').Tracer['startSpan']} */
  startSpan(name, options = {}, parent = context.active()) {
    check('startSpan');
    const span = later('startSpan') ?? new TestSpan(name, options, trace.getSpanContext(parent));
    return /** @type {import('@opentelemetry/api').Span} */ (/** @type {unknown} */ (span));
  }

  /**
   * @param {string} name
   * @param {(span: import('@opentelemetry/api').Span) => unknown} run
   */
  startActiveSpan(name, run) {
    const span = this.startSpan(name);
    return context.with(trace.setSpan(context.active(), span), () => run(span));
  }
}

/** @type {AsyncLocalStorage<import('@opentelemetry/api').Context>} */
const storage = new AsyncLocalStorage();

context.setGlobalContextManager({
  active: () => {
    check('active');
    return storage.getStore() ?? ROOT_CONTEXT;
  },
  with: (active, run, self, ...args) => {
    check('with');
    const result = storage.run(active, () => run.apply(self, args));
    check('with afterwards');
    return result;
  },
  bind: (_active, target) => target,
  enable() {
    return this;
  },
  disable() {
    return this;
  },
});

propagation.setGlobalPropagator({
  inject(active, carrier, setter) {
    check('inject');
    const injecting = later('inject');
    if (injecting) return /** @type {never} */ (/** @type {unknown} */ (injecting));
    if (broken.what === 'garbage')
      Object.assign(Object(carrier), { a: Symbol('a'), b: '\ud800', c: () => {} });
    const span = trace.getSpanContext(active);
    if (!span) return undefined;
    setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-0${span.traceFlags}`);
    return undefined;
  },
  extract(active, carrier, getter) {
    check('extract');
    const extracting = later('extract');
    if (extracting) return /** @type {never} */ (/** @type {unknown} */ (extracting));
    const [, traceId, spanId] = String(getter.get(carrier, 'traceparent') ?? '').split('-');
    if (!traceId || !spanId) return active;
    return trace.setSpanContext(active, { traceId, spanId, traceFlags: 1, isRemote: true });
  },
  fields: () => ['traceparent'],
});

const tracer = /** @type {import('@opentelemetry/api').Tracer} */ (/** @type {unknown} */ (new TestTracer()));
trace.setGlobalTracerProvider({
  getTracer: () => {
    check('getTracer');
    return tracer;
  },
});
