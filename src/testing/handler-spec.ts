import { isOfSentCommand } from '../engine/commands/sent-command-id.js';
import { knownOptions, optionNames } from '../events/known-options.js';
import { InvalidOptionError, TestAssertionError } from '../faces/errors.js';
import type { DomainEvent, Handler, HandlerModule, NewEvent } from '../index.js';
import { moduleUrlOf } from '../kernel/module-url.js';
import { messageOf } from '../kernel/thrown.js';
import { describeThrown, type ExpectedError, errorDifference } from './expected-error.js';
import { type ExpectedEvent, expectation } from './expected-event.js';
import { freshModule } from './fresh-module.js';
import { observed } from './observed.js';
import {
  type ExpectedTimer,
  HeardTimers,
  type ScheduledTimer,
  timerDifferences,
} from './scheduled-timers.js';
import { areExactly } from './seen-events.js';
import {
  commandDifferences,
  type ExecutedCommand,
  type ExpectedCommand,
  HeardCommands,
} from './sent-commands.js';
import { sequenceDiff } from './sequence-diff.js';
import { createTestEngine, SPEC_NAMES, type TestEngineOptions } from './test-engine.js';
import { countText, eventLines, eventText } from './text.js';

/** What handlers run in: as for `createTestEngine`. `events` are the types that they see and emit. */
export type HandlerSpecOptions = Omit<TestEngineOptions, 'handlers' | 'retries' | 'store'>;

const SPECIFY = optionNames<HandlerSpecOptions>('specify', SPEC_NAMES);

/** What handling one event came to. */
export interface Outcome {
  /** The handled event. */
  readonly event: DomainEvent;
  /** What its handlers emitted, as it is stored; empty when they failed. */
  readonly emitted: readonly DomainEvent[];
  /** The timers that they scheduled, in order; empty when they failed. */
  readonly scheduled: readonly ScheduledTimer[];
  /** Names of the timers that they cancelled, whether or not there were such; empty when they failed. */
  readonly cancelled: readonly string[];
  /** The commands that they sent, in order; empty when they failed. What comes of them is none of the outcome. */
  readonly executed: readonly ExecutedCommand[];
  /** Whether they failed, and with that all tries that they have. */
  readonly failed: boolean;
  /** What they threw last: the very thing, not a copy. */
  readonly thrown: unknown;
  /** How often they were called. */
  readonly attempts: number;
  /** `ctx.now()` while they ran. Unix epoch milliseconds. */
  readonly now: number;
}

/** Makes the handler module that an outcome is found with. */
type MakeModule = () => Promise<HandlerModule>;

/**
 * Given earlier events, when an event is handled, then its handlers emit this. Each outcome is found in a test
 * engine of its own, so what runs is what runs in production: validation, retries, encoding and all.
 */
export class HandlerSpec {
  readonly #module: MakeModule;
  readonly #options: HandlerSpecOptions;
  readonly #given: readonly NewEvent[];

  /** @internal Use `specify`. */
  constructor(module: MakeModule, options: HandlerSpecOptions, given: readonly NewEvent[]) {
    this.#module = module;
    this.#options = options;
    this.#given = given;
  }

  /**
   * Events that happen before, in this order. They are handled, and what they lead to is, too; so states are as these
   * have left them, and `ctx.history` gives them.
   */
  given(...events: readonly NewEvent[]): HandlerSpec {
    return new HandlerSpec(this.#module, this.#options, [...this.#given, ...events]);
  }

  /** The event that is looked at. What its handlers emit is not handled in turn. */
  when(event: NewEvent): SpecifiedEvent {
    return new SpecifiedEvent(async () => run(await this.#module(), this.#options, this.#given, event));
  }
}

/** An event that handlers are about to handle, and what may be said of that. */
export class SpecifiedEvent {
  readonly #run: () => Promise<Outcome>;

  /** @internal Use `HandlerSpec.when`. */
  constructor(outcome: () => Promise<Outcome>) {
    this.#run = outcome;
  }

  /** Runs the handlers and leaves the judgement to the caller. */
  outcome(): Promise<Outcome> {
    return this.#run();
  }

  /** Passes when the handlers emit exactly these events, in this order. @throws TestAssertionError */
  async thenEmits(...expected: readonly ExpectedEvent[]): Promise<Outcome> {
    const wanted = expected.map(expectation);
    const outcome = await this.#run();
    const { event, emitted, failed, thrown, attempts } = outcome;
    const count = wanted.length === 0 ? 'no event' : countText(wanted.length, 'event');
    if (failed) {
      throw new TestAssertionError(
        `Expected ${count} to be emitted by ${eventText(event)}; its handlers threw, on try ${attempts}, ${describeThrown(thrown)}.`,
        { cause: thrown },
      );
    }
    if (areExactly(wanted, emitted)) return outcome;
    throw new TestAssertionError(
      `Expected ${count} to be emitted by ${eventText(event)}; emitted were ${emitted.length}.\n${sequenceDiff(wanted, emitted, '+')}`,
    );
  }

  /**
   * Passes when the handlers succeed and schedule exactly these timers, in this order: `{ event: OrderExpired({ … }), at: { in:
   * '1h' } }`. What is due at once also fires. @throws TestAssertionError; InvalidTimerError for what is no time.
   */
  async thenSchedules(...expected: readonly ExpectedTimer[]): Promise<Outcome> {
    const outcome = await this.#run();
    const { event, scheduled, failed, thrown, attempts } = outcome;
    if (failed) {
      throw new TestAssertionError(
        `Expected ${countText(expected.length, 'timer')} to be scheduled by ${eventText(event)}; its handlers threw, on try ${attempts}, ${describeThrown(thrown)}.`,
        { cause: thrown },
      );
    }
    const found = timerDifferences(expected, scheduled, outcome.now);
    if (found.length === 0) return outcome;
    throw new TestAssertionError(
      `Expected ${countText(expected.length, 'timer')} to be scheduled by ${eventText(event)}; scheduled were ${scheduled.length}.\n  ${found.join('\n  ')}`,
    );
  }

  /**
   * Passes when the handlers succeed and send exactly these commands, in this order: `{ aggregate: Stock, aggregateId: 'sku-1',
   * command: 'reserve', input: { … } }`. @throws TestAssertionError
   */
  async thenExecutes(...expected: readonly ExpectedCommand[]): Promise<Outcome> {
    const outcome = await this.#run();
    const { event, executed, failed, thrown, attempts } = outcome;
    const what = `Expected ${countText(expected.length, 'command')} to be sent by ${eventText(event)}`;
    if (failed) {
      const text = `${what}; its handlers threw, on try ${attempts}, ${describeThrown(thrown)}.`;
      throw new TestAssertionError(text, { cause: thrown });
    }
    const found = commandDifferences(expected, executed);
    if (found.length === 0) return outcome;
    throw new TestAssertionError(`${what}; sent were ${executed.length}.\n  ${found.join('\n  ')}`);
  }

  /** Passes when the handlers succeed and emit nothing. @throws TestAssertionError */
  thenEmitsNothing(): Promise<Outcome> {
    return this.thenEmits();
  }

  /**
   * Passes when the handlers fail with all their tries: with an error of a class, with a text in its message or as
   * its code, or with a message that matches a pattern; with anything, when nothing is said.
   *
   * @throws TestAssertionError
   */
  async thenThrows(expected?: ExpectedError): Promise<Outcome> {
    const outcome = await this.#run();
    const { event, emitted, failed, thrown } = outcome;
    if (!failed) {
      const instead = emitted.length === 0 ? 'emitted nothing.' : `emitted:\n${eventLines(emitted)}`;
      throw new TestAssertionError(
        `Expected the handlers of ${eventText(event)} to throw; they succeeded and ${instead}`,
      );
    }
    const difference = expected === undefined ? undefined : errorDifference(expected, thrown);
    if (difference === undefined) return outcome;
    throw new TestAssertionError(
      `Expected the handlers of ${eventText(event)} to throw ${difference}; they threw ${describeThrown(thrown)}.`,
      { cause: thrown },
    );
  }
}

/**
 * Specifies one handler module: `specify(risk, { events }).given(…).when(…).thenEmits(…)`.
 *
 * The last step is not called `then`: an object with such a method is a promise to `await`.
 *
 * @param handlers URL of the module, as for `openEngine`: each outcome is found with an instance of its own, so nothing
 * that the module keeps for itself goes from one to the next. Or what `defineHandlers` returned: then all outcomes share
 * what its module keeps.
 * @throws InvalidOptionError; the outcomes reject with the coded error of a module that cannot be loaded.
 */
export function specify(handlers: HandlerModule | URL | string, options: HandlerSpecOptions): HandlerSpec {
  const known = knownOptions(options, SPECIFY);
  if (isModule(handlers)) return new HandlerSpec(async () => handlers, known, []);
  const url = moduleUrlOf(handlers);
  if (url === undefined) {
    throw new InvalidOptionError(
      'specify needs the URL of a handler module or what defineHandlers returned, and the options of an engine.',
    );
  }
  return new HandlerSpec(() => freshModule(url), known, []);
}

function isModule(given: HandlerModule | URL | string): given is HandlerModule {
  const module = given as Partial<HandlerModule> | undefined;
  return typeof module?.name === 'string' && Array.isArray(module.entries);
}

/** What a module did with one event. */
interface Trial {
  /** Of the event; what comes after it is not handled. */
  position: number;
  attempts: number;
  /** What the last call threw; undefined when it threw nothing. */
  failure: { readonly thrown: unknown } | undefined;
  now: number;
  readonly timers: HeardTimers;
  readonly commands: HeardCommands;
}

async function run(
  module: HandlerModule,
  options: HandlerSpecOptions,
  given: readonly NewEvent[],
  event: NewEvent,
): Promise<Outcome> {
  checkHandled(module, event);
  const timers = new HeardTimers();
  const commands = new HeardCommands();
  const trial: Trial = {
    position: Number.POSITIVE_INFINITY,
    attempts: 0,
    failure: undefined,
    now: 0,
    timers,
    commands,
  };
  const engine = await createTestEngine({ ...options, handlers: [tried(module, trial)] });
  try {
    for (const [index, earlier] of given.entries()) {
      await engine.publish(earlier, { until: 'handled' }).catch((cause: unknown) => {
        throw new TestAssertionError(`Given event ${index + 1}, ${earlier?.type}: ${messageOf(cause)}`, {
          cause,
        });
      });
    }
    await engine.drain();
    trial.position = engine.stats().lastPosition + 1;
    let failed = false;
    await engine.publish(event, { until: 'handled' }).catch((error: unknown) => {
      if (trial.attempts === 0) throw error;
      failed = true;
      // The handlers ended, and what they made of their state was refused then.
      trial.failure ??= { thrown: causeOf(error) };
    });
    const events: DomainEvent[] = [];
    for await (const stored of engine.read({ fromPosition: trial.position })) events.push(stored);
    // What the handlers' commands came to stands among it, or not yet.
    const [handled, ...emitted] = events.filter(({ metadata }) => !isOfSentCommand(metadata.eventId));
    const { attempts, failure, now } = trial;
    if (failed) {
      timers.clear();
      commands.clear();
    }
    return {
      ...{ event: handled as DomainEvent, emitted, failed, attempts, now },
      thrown: failed ? failure?.thrown : undefined,
      scheduled: [...timers.scheduled.values()],
      cancelled: [...timers.cancelled],
      executed: commands.sent,
    };
  } finally {
    // With the policy 'stop' the engine has failed, which is an outcome like any other.
    await engine.close().catch(() => {});
  }
}

/** The module, but it handles nothing after the event of the trial, and what that one throws is kept. */
function tried(module: HandlerModule, trial: Trial): HandlerModule {
  const entries = module.entries.map((entry) => {
    const handle: Handler<never, never> = (event, context) => {
      const { position }: DomainEvent = event;
      if (position > trial.position) return;
      if (position < trial.position) return entry.handle(event, context);
      if (trial.attempts !== context.attempt) {
        trial.timers.clear();
        trial.commands.clear();
      }
      trial.attempts = context.attempt;
      trial.now = context.now();
      trial.failure = undefined;
      return observed(
        () => entry.handle(event, trial.timers.hearing(trial.commands.hearing(context))),
        (failure) => {
          trial.failure = failure;
        },
      );
    };
    return { ...entry, handle };
  });
  return { ...module, entries };
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function checkHandled({ name, entries }: HandlerModule, event: NewEvent): void {
  const types = new Set(entries.map(({ eventType }) => eventType.type));
  if (types.has(event?.type)) return;
  throw new TestAssertionError(
    `Handlers '${name}' do not handle ${event?.type}, so nothing could come of it. They handle: ${[...types].join(', ')}.`,
  );
}
