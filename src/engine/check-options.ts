import { availableParallelism } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import { optionNames, takeOptions } from '../events/known-options.js';
import { POOLED_SLAB_BYTES } from '../events/slab.js';
import { isStorable, isWhole } from '../kernel/check.js';
import { InvalidOptionError } from '../kernel/errors.js';
import { moduleUrlOf } from '../kernel/module-url.js';
import { bounded, reasonOf } from '../kernel/thrown.js';
import { type Aggregate, type AnyAggregate, isAggregate } from '../lanes/aggregates/define-aggregate.js';
import {
  DEFAULT_MAX_IN_FLIGHT,
  DEFAULT_MAX_IN_FLIGHT_BYTES,
  MAX_CONCURRENCY,
  MAX_DELAY_MS,
  MAX_MAX_IN_FLIGHT,
  MAX_NAME_BYTES,
  MAX_THREADS,
  MEMORY_STORE_BYTES,
} from '../limits.js';
import { checkStorePath } from '../store/store-path.js';
import type { Durability, EngineOptions } from './options.js';
import { checkThresholds, type HealthThresholds } from './watch/health.js';
import { checkLogger } from './watch/logger.js';

/** Options with every default filled in. */
export interface CheckedOptions extends EngineOptions {
  readonly durability: Durability;
  readonly handlers: readonly string[];
  readonly aggregates: readonly (string | Aggregate)[];
  readonly threads: number;
  readonly concurrency: number;
  readonly dispatch: 'durable' | 'accepted';
  readonly until: 'open' | 'recovered';
  readonly validate: 'publish' | 'off';
  readonly maxInFlight: number;
  readonly maxInFlightBytes: number;
  readonly memoryBytes: number;
  readonly health: Required<HealthThresholds>;
  readonly deterministic: boolean;
  readonly seed: string;
  readonly shared: Readonly<Record<string, unknown>>;
}

const ENGINE = optionNames<EngineOptions>('openEngine', {
  events: true,
  store: true,
  durability: true,
  handlers: true,
  aggregates: true,
  threads: true,
  handlerTimeoutMs: true,
  until: true,
  resourceLimits: true,
  concurrency: true,
  dispatch: true,
  validate: true,
  maxInFlight: true,
  maxInFlightBytes: true,
  memoryBytes: true,
  health: true,
  logger: true,
  tracing: true,
  deterministic: 'boolean',
  seed: true,
  run: true,
  shared: true,
});

/** @throws InvalidOptionError that names the option, its value and its range. */
export function checkOptions(given: EngineOptions): CheckedOptions {
  const options = takeOptions(given, ENGINE);
  if (!Array.isArray(options?.events)) {
    throw new InvalidOptionError("openEngine needs 'events': the array of event types it may see.");
  }
  const durability = oneOf(
    'durability',
    options.durability ?? (options.store === undefined ? 'memory' : 'disk'),
    ['memory', 'os', 'disk'],
  );
  checkStore(options.store, durability);
  checkLogger(options.logger);
  checkTracing(options.tracing);
  text('run', options.run);
  text('seed', options.seed);
  return {
    ...options,
    // Opened again by `recover`, with the same types.
    events: [...options.events],
    durability,
    handlers: moduleUrls(options.handlers ?? []),
    ...lanesOf(options),
    ...resourceLimits(options.resourceLimits),
    concurrency: whole('concurrency', options.concurrency ?? 1, 1, MAX_CONCURRENCY),
    ...(options.handlerTimeoutMs !== undefined && {
      handlerTimeoutMs: whole('handlerTimeoutMs', options.handlerTimeoutMs, 1, MAX_DELAY_MS),
    }),
    // A run that can be repeated need not wait for the disk, and handles a key's events as batches.
    dispatch: oneOf('dispatch', options.dispatch ?? (options.deterministic ? 'accepted' : 'durable'), [
      'durable',
      'accepted',
    ]),
    until: oneOf('until', options.until ?? 'open', ['open', 'recovered']),
    validate: oneOf('validate', options.validate ?? 'publish', ['publish', 'off']),
    maxInFlight: whole('maxInFlight', options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT, 1, MAX_MAX_IN_FLIGHT),
    maxInFlightBytes: whole(
      'maxInFlightBytes',
      options.maxInFlightBytes ?? DEFAULT_MAX_IN_FLIGHT_BYTES,
      4 * POOLED_SLAB_BYTES,
      Number.MAX_SAFE_INTEGER,
    ),
    memoryBytes: whole('memoryBytes', options.memoryBytes ?? MEMORY_STORE_BYTES, 1, MEMORY_STORE_BYTES),
    health: checkThresholds(options.health),
    deterministic: options.deterministic ?? false,
    seed: options.seed ?? 'millrace',
    shared: checkShared(options.shared === undefined ? {} : options.shared),
  };
}

/** @throws InvalidOptionError */
export function checkThreads(threads: number): number {
  return whole('threads', threads, 0, MAX_THREADS);
}

/** @throws InvalidOptionError when aggregates cannot be sent to so many threads. */
export function checkAggregates(aggregates: readonly (string | AnyAggregate)[], threads: number): void {
  if (threads === 0) return;
  const given = aggregates.find((one) => typeof one !== 'string');
  if (given === undefined) return;
  throw new InvalidOptionError(
    `Option aggregates has the aggregate '${given.name}' itself, and threads is ${threads}: functions cannot be sent to threads. Give the URL of its module, new URL('./account.js', import.meta.url), or open the engine with threads: 0.`,
  );
}

function lanesOf(options: EngineOptions): Pick<CheckedOptions, 'aggregates' | 'threads'> {
  const threads = checkThreads(options.threads ?? Math.max(1, availableParallelism() - 1));
  const given: unknown = options.aggregates ?? [];
  if (!Array.isArray(given)) {
    throw new InvalidOptionError(
      "Option aggregates must be an array of URLs: [new URL('./account.js', import.meta.url)].",
    );
  }
  const aggregates = given.map((one: unknown) => (isAggregate(one) ? one : moduleUrl('Aggregate', one)));
  checkAggregates(aggregates, threads);
  return { aggregates, threads };
}

/** @throws InvalidOptionError */
export function checkUntil(until: string): void {
  oneOf('until', until, ['accepted', 'durable', 'handled']);
}

const LIMITS = [
  'maxYoungGenerationSizeMb',
  'maxOldGenerationSizeMb',
  'codeRangeSizeMb',
  'stackSizeMb',
] as const;

/** Node ignores what it does not know, and a limit that nobody enforces is worse than none. */
function resourceLimits(limits: ResourceLimits | undefined): Pick<EngineOptions, 'resourceLimits'> {
  if (limits === undefined) return {};
  if (typeof limits !== 'object' || limits === null) {
    throw new InvalidOptionError('Option resourceLimits must be an object, as for new Worker.');
  }
  for (const [name, value] of Object.entries(limits)) {
    if ((LIMITS as readonly string[]).includes(name) && Number.isFinite(value) && value > 0) continue;
    throw new InvalidOptionError(
      `Option resourceLimits.${name} is ${value}; it may hold ${LIMITS.join(', ')}, each a number of megabytes above 0.`,
    );
  }
  return { resourceLimits: { ...limits } };
}

function checkStore(store: unknown, durability: Durability): void {
  if (store !== undefined) checkStorePath(store, 'Option store');
  if (store === undefined && durability !== 'memory') {
    throw new InvalidOptionError(
      `Durability '${durability}' needs a file: pass 'store', or durability 'memory'.`,
    );
  }
  if (store !== undefined && durability === 'memory') {
    throw new InvalidOptionError(
      "Durability 'memory' keeps no file: leave out 'store', or choose 'os' or 'disk'.",
    );
  }
}

function checkTracing(tracing: unknown): void {
  if (tracing === undefined) return;
  const { carrier, laneModule } = (tracing ?? {}) as { carrier?: unknown; laneModule?: unknown };
  if (typeof carrier === 'function' && typeof laneModule === 'string' && moduleUrlOf(laneModule)) return;
  throw new InvalidOptionError(
    "Option tracing must have carrier() and the URL laneModule: pass openTelemetry() of 'millrace/otel'.",
  );
}

function moduleUrls(modules: unknown): readonly string[] {
  if (!Array.isArray(modules)) {
    throw new InvalidOptionError(
      "Option handlers must be an array of URLs: [new URL('./risk.handlers.js', import.meta.url)].",
    );
  }
  return modules.map((module) => moduleUrl('Handler', module));
}

function moduleUrl(what: 'Handler' | 'Aggregate', module: unknown): string {
  const url = moduleUrlOf(module);
  if (url !== undefined) return url;
  throw new InvalidOptionError(
    `${what} module ${describe(module)} is not a URL of a module. Write new URL('./${what === 'Handler' ? 'risk.handlers' : 'account'}.js', import.meta.url): threads load modules by URL, functions cannot be sent to them.`,
  );
}

/** Of a text that an error quotes. */
const SHOWN_CHARACTERS = 200;

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${bounded(value, SHOWN_CHARACTERS)}'` : `of type ${typeof value}`;
}

function text(name: string, value: unknown): void {
  if (value === undefined) return;
  // The store keeps it, and refuses a file with a longer one as damaged.
  if (isStorable(value, MAX_NAME_BYTES)) return;
  throw new InvalidOptionError(
    `Option ${name} is ${describe(value)}; it must be a text of 1 to ${MAX_NAME_BYTES} bytes in UTF-8.`,
  );
}

function checkShared(shared: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (typeof shared !== 'object' || shared === null || Array.isArray(shared)) {
    throw new InvalidOptionError(
      `Option shared is ${describe(shared)}; it must be an object: { name: value }.`,
    );
  }
  try {
    // A copy, because lanes that are made later get it, too; SharedArrayBuffers in it stay the same memory.
    return structuredClone(shared);
  } catch (error) {
    throw new InvalidOptionError(
      `Option shared cannot be sent to threads: ${reasonOf(error)}. Put only data and SharedArrayBuffers in it.`,
      { cause: error },
    );
  }
}

function whole(name: string, value: number, least: number, most: number): number {
  if (isWhole(value, least, most)) return value;
  throw new InvalidOptionError(
    `Option ${name} is ${value}; it must be a whole number from ${least} to ${most}.`,
  );
}

function oneOf<Value extends string>(name: string, value: Value, values: readonly Value[]): Value {
  if (values.includes(value)) return value;
  throw new InvalidOptionError(`Option ${name} is '${value}'; it must be one of ${values.join(', ')}.`);
}
