import { HandlerModuleInvalidError } from '../kernel/errors.js';
import { guarded } from '../kernel/guarded.js';
import { isThenable } from '../kernel/thenable.js';
import type { HandlerEntry, HandlerModule } from './handlers.js';
import { defaultOf, importModule } from './load-handlers.js';

/**
 * The default export of a `Tracing.laneModule`: what is called in a handler's place. It passes on the very event that it
 * is given, and calls `failed` when the tracer throws where the wrapper itself catches it.
 */
export type WrapHandler = (entry: HandlerEntry, failed: () => void) => HandlerEntry['handle'];

/** How often the tracer of a lane has failed, since it was last asked. */
export class TracerErrors {
  #count = 0;

  readonly add = (): void => {
    this.#count++;
  };

  take(): number {
    const count = this.#count;
    this.#count = 0;
    return count;
  }
}

/**
 * Handler modules whose handlers run inside spans. Done once when a lane opens, so that a lane without tracing
 * has nothing to ask.
 *
 * @param errors counts what the tracer throws; it touches no event.
 * @throws HandlerModuleFailedError, HandlerModuleInvalidError naming the tracing module.
 */
export async function traced(
  modules: readonly HandlerModule[],
  url: string | undefined,
  errors: TracerErrors,
): Promise<readonly HandlerModule[]> {
  if (url === undefined) return modules;
  const wrap = defaultOf(await importModule('Tracing', url), isWrap);
  if (!wrap) {
    throw new HandlerModuleInvalidError(
      `Tracing module ${url} has no default export that wraps handlers. Pass what openTelemetry() of 'millrace/otel' returns.`,
      { details: { module: url } },
    );
  }
  return modules.map((module) => ({
    ...module,
    entries: module.entries.map((entry) => ({
      ...entry,
      handle: watched(entry, wrap, errors),
    })),
  }));
}

function isWrap(value: unknown): value is WrapHandler {
  return typeof value === 'function';
}

type Call = (event: object, context: unknown) => unknown;

/** What a handler did, whatever its tracer made of it. */
type Outcome = { readonly returned: unknown } | { readonly thrown: unknown };

/**
 * The handler with its tracer around it. The tracer only watches: what it throws is counted, the outcome of an event is
 * that of its handler, and a tracer that never comes to call the handler does not keep it from being called.
 */
function watched(entry: HandlerEntry, wrap: WrapHandler, errors: TracerErrors): HandlerEntry['handle'] {
  const plain = entry.handle as Call;
  const outcomes = new WeakMap<object, Outcome>();
  const noted: Call = (event, context) => {
    try {
      const returned = plain(event, context);
      outcomes.set(event, { returned });
      return returned;
    } catch (thrown) {
      outcomes.set(event, { thrown });
      throw thrown;
    }
  };
  const wrapped = guarded(
    () => wrap({ ...entry, handle: noted as HandlerEntry['handle'] }, errors.add),
    errors.add,
  );
  if (typeof wrapped !== 'function') return entry.handle;
  const outcomeOf = (event: object, context: unknown): unknown => {
    const outcome = outcomes.get(event) ?? runPlainly(plain, event, context);
    if ('thrown' in outcome) throw outcome.thrown;
    return outcome.returned;
  };
  const handle: Call = (event, context) => {
    let result: unknown;
    try {
      result = (wrapped as Call)(event, context);
    } catch (thrown) {
      if (!isOutcome(outcomes.get(event), thrown)) errors.add();
      return outcomeOf(event, context);
    }
    if (!isThenable(result)) return outcomeOf(event, context);
    const settled = Promise.resolve(result);
    settled.catch((thrown: unknown) => void noteRejection(outcomes.get(event), thrown, errors));
    // A tracer that calls the handler later is waited for; one that has called it is not: it may never answer.
    if (outcomes.has(event)) return outcomeOf(event, context);
    return settled.then(
      () => outcomeOf(event, context),
      () => outcomeOf(event, context),
    );
  };
  return handle as HandlerEntry['handle'];
}

function runPlainly(plain: Call, event: object, context: unknown): Outcome {
  try {
    return { returned: plain(event, context) };
  } catch (thrown) {
    return { thrown };
  }
}

function isOutcome(outcome: Outcome | undefined, thrown: unknown): boolean {
  return outcome !== undefined && 'thrown' in outcome && outcome.thrown === thrown;
}

/** A rejection that is the handler's own is no failure of its tracer. */
async function noteRejection(
  outcome: Outcome | undefined,
  thrown: unknown,
  errors: TracerErrors,
): Promise<void> {
  if (isOutcome(outcome, thrown)) return;
  try {
    if (outcome && 'returned' in outcome) await outcome.returned;
  } catch (own) {
    if (own === thrown) return;
  }
  errors.add();
}
