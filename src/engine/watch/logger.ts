import { outside } from '../../kernel/async-context.js';
import { InvalidOptionError } from '../../kernel/errors.js';
import { guarded } from '../../kernel/guarded.js';
import { messageOf } from '../../kernel/thrown.js';
import type { EngineFacts } from './facts.js';
import type { Notice, Notices } from './notices.js';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** What Millrace asks of a logger: a pino logger or one of its children fits as it is. */
export type EngineLogger = Readonly<
  Record<(typeof LEVELS)[number], (fields: object, message: string) => unknown>
>;

type Level = (typeof LEVELS)[number];

/** What the log says of an engine that has been opened. */
export interface OpenedEngine {
  readonly run: string;
  readonly options: { readonly durability: string };
  readonly facts: EngineFacts;
}

/** @throws InvalidOptionError when it lacks a level. */
export function checkLogger(logger: unknown): void {
  if (logger === undefined) return;
  const methods = (logger ?? {}) as Partial<Record<Level, unknown>>;
  const missing = LEVELS.filter((level) => typeof methods[level] !== 'function');
  if (missing.length === 0) return;
  throw new InvalidOptionError(
    `Option logger has no ${missing.map((level) => `${level}()`).join(', ')}; it must be an object like pino's, whose methods ${LEVELS.join(', ')} take (fields, message).`,
  );
}

/**
 * Writes what happens to an engine into its owner's log, with the same field names each time: `component`, `event`,
 * `store`, then what the event has to say, and `err` for an error. What a logger throws is counted like any
 * listener's error, and touches nobody.
 */
export class EngineLog {
  readonly #logger: EngineLogger | undefined;
  readonly #store: string;
  readonly #onError: () => void;

  constructor(logger: EngineLogger | undefined, store: string | undefined, onError: () => void) {
    this.#logger = logger;
    this.#store = store ?? 'memory';
    this.#onError = onError;
  }

  /** Logs every notice from now on. */
  listenTo(notices: Notices): void {
    if (this.#logger) notices.add((notice) => this.#notice(notice));
  }

  opened({ options, run, facts }: OpenedEngine, event: 'opened' | 'recovered'): void {
    const { durability } = options;
    const { threads, lastPosition } = facts;
    const fields = { run, durability, threads, lastPosition };
    this.#write('info', event, `The engine has been ${event}.`, fields);
  }

  closed({ counters, lastPosition }: EngineFacts, errors: readonly unknown[]): void {
    const { accepted, handled, emitted, failed } = counters;
    const fields = { accepted, handled, emitted, failed, lastPosition };
    if (errors.length === 0) this.#write('info', 'closed', 'The engine has been closed.', fields);
    for (const err of errors)
      this.#write('error', 'closed', `The engine closed with an error: ${messageOf(err)}`, {
        ...fields,
        err,
      });
  }

  /** Something is about to happen that may take a while. */
  begins(event: 'closing' | 'recovering'): void {
    this.#write('debug', event, `The engine is ${event}.`, {});
  }

  #notice(notice: Notice): void {
    const { kind, ...facts } = notice;
    const { error: err, ...fields } = { error: undefined, ...facts };
    const [level, message] = wordsFor(notice);
    this.#write(level, kind, message, err === undefined ? fields : { ...fields, err });
  }

  #write(level: Level, event: string, message: string, fields: object): void {
    const logger = this.#logger;
    if (!logger) return;
    const line = { component: 'millrace', event, store: this.#store, ...fields };
    outside(() => guarded(() => logger[level](line, message), this.#onError));
  }
}

function wordsFor(notice: Notice): readonly [Level, string] {
  switch (notice.kind) {
    case 'pressure':
      return ['warn', 'The engine is nearly full: publishers will soon wait.'];
    case 'relieved':
      return ['info', 'The engine has room again.'];
    case 'dead-letter':
      return ['error', `Event ${notice.position} failed for good and is ${notice.state}.`];
    case 'lane-replaced':
      return ['warn', `Lane ${notice.lane} ended and is replaced: ${messageOf(notice.error)}`];
    case 'subscriber-failed':
      return ['error', `A subscriber of '${notice.topic}' failed on event ${notice.position} for good.`];
    case 'consumer-failed': {
      const { consumer, position, state } = notice;
      const what = state === 'stopped' ? 'the consumer has stopped' : `the event is ${state}`;
      return ['error', `Consumer '${consumer}' failed on event ${position} for good; ${what}.`];
    }
    case 'timer-held': {
      const { name, key, error } = notice;
      return ['error', `Timer '${name}' of key '${key}' cannot fire: ${messageOf(error)}`];
    }
    case 'snapshot-failed':
      return ['warn', messageOf(notice.error)];
    case 'timers-held':
      return [
        'warn',
        `${notice.count} timers wait until '${notice.type}' is registered again: their events are of that type.`,
      ];
    case 'command-refused': {
      const { command, aggregate, aggregateId, error } = notice;
      return ['info', `'${command}' of ${aggregate} '${aggregateId}' was refused: ${messageOf(error)}`];
    }
    case 'command-held': {
      const { command, aggregate, aggregateId, error } = notice;
      return ['error', `'${command}' of ${aggregate} '${aggregateId}' is held: ${messageOf(error)}`];
    }
    case 'health': {
      const { status, from, reasons } = notice;
      const level = status === 'HEALTHY' ? 'info' : status === 'DEGRADED' ? 'warn' : 'error';
      return [level, [`Health is ${status}, after ${from}.`, ...reasons].join(' ')];
    }
    case 'store-damaged':
    case 'failed':
      return ['error', messageOf(notice.error)];
  }
}
