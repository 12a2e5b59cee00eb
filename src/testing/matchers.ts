import { HandlerError, InvalidOptionError, KeyParkedError, TestAssertionError } from '../faces/errors.js';
import { type DomainEvent, Engine, type Receipt } from '../index.js';
import { SHOWN_EVENTS } from '../limits.js';
import { EventSpy } from './event-spy.js';
import { type ExpectedEvent, expectation } from './expected-event.js';
import { letterText } from './laggards.js';
import { countText, valueText } from './text.js';
import { positionOf, whenHandled, whenQuiescent } from './when-handled.js';

/** What a matcher tells a test runner. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

type Judgement = MatcherResult | Promise<MatcherResult>;

/** Nothing for a spy, which has seen what it has seen; a promise for an engine, which may have to finish first. */
type Verdict<Received> = Received extends Engine ? Promise<void> : undefined;

type ExpectedOf<Received> = ExpectedEvent<Received extends EventSpy<infer Event> ? Event : DomainEvent>;

/**
 * The matchers as methods of an expectation. On an engine they wait until it is quiescent, then look at its log:
 * `await expect(engine).toHavePublished(OrderPlaced)`; on a spy they look at what it has seen.
 */
export interface MillraceMatchers<Received> {
  /** Such an event was published: at least once, or exactly `times` times. */
  toHavePublished(expected: ExpectedOf<Received>, times?: number): Verdict<Received>;
  /** Such events were published in this order, whatever else was before, between and after them. */
  toHavePublishedInOrder(expected: readonly ExpectedOf<Received>[]): Verdict<Received>;
  /** Exactly such events were published, in this order and no others. */
  toHavePublishedExactly(expected: readonly ExpectedOf<Received>[]): Verdict<Received>;
  /** The engine has handled the event at a position, or soon has. */
  toHaveHandled(place: number | Receipt): Promise<void>;
  /** The event at a position is a dead letter; any event, when none is given. */
  toHaveDeadLetter(place?: number | Receipt): Promise<void>;
}

/** For `expect.extend(millraceMatchers)` of any test runner whose matchers return `{ pass, message }`. */
export const millraceMatchers = {
  toHavePublished(received: unknown, expected: ExpectedEvent, times?: number): Judgement {
    const wish = times === undefined ? '' : ` ${countText(times, 'time')}`;
    return judge(
      received,
      (spy) => spy.assertPublished(expected, times),
      () => `Expected ${textOf([expected])} not to be published${wish}.`,
    );
  },

  toHavePublishedInOrder(received: unknown, expected: readonly ExpectedEvent[]): Judgement {
    return judge(
      received,
      (spy) => spy.assertSequence(expected),
      () => `Expected not to be published in this order: ${textOf(expected)}.`,
    );
  },

  toHavePublishedExactly(received: unknown, expected: readonly ExpectedEvent[]): Judgement {
    return judge(
      received,
      (spy) => spy.assertExactly(expected),
      () => `Expected other events than exactly these: ${textOf(expected)}.`,
    );
  },

  async toHaveHandled(received: unknown, place: number | Receipt): Promise<MatcherResult> {
    const position = positionOf(place);
    try {
      await whenHandled(engineOf(received), position);
    } catch (error) {
      // Other errors tell neither that it is handled nor that it is not.
      if (error instanceof HandlerError || error instanceof KeyParkedError) return failed(error);
      throw error;
    }
    return { pass: true, message: () => `Expected the event at position ${position} not to be handled.` };
  },

  async toHaveDeadLetter(received: unknown, place?: number | Receipt): Promise<MatcherResult> {
    const engine = engineOf(received);
    await whenQuiescent(engine);
    const after = place === undefined ? 0 : positionOf(place) - 1;
    const limit = place === undefined ? SHOWN_EVENTS : 1;
    const page = await engine.deadLetters.list({ after, limit });
    const letters = place === undefined ? page : page.filter(({ position }) => position === after + 1);
    const lines = letters.map((letter) => `\n  ${letter.state}: ${letterText(letter)}`).join('');
    if (letters.length > 0) return { pass: true, message: () => `Expected no dead letter.${lines}` };
    const where = place === undefined ? '' : ` at position ${after + 1}`;
    return failed(new TestAssertionError(`Expected a dead letter${where}; there is none.`));
  },
};

/** Has something asserted of what a spy has seen, or of what lies in an engine's log when it is quiescent. */
function judge(received: unknown, assert: (spy: EventSpy) => void, inverse: () => string): Judgement {
  if (received instanceof EventSpy) return attempt(received, assert, inverse);
  return logOf(engineOf(received)).then((spy) => attempt(spy, assert, inverse));
}

function attempt(spy: EventSpy, assert: (spy: EventSpy) => void, inverse: () => string): MatcherResult {
  try {
    assert(spy);
  } catch (error) {
    // Other errors tell neither the one nor the other.
    if (error instanceof TestAssertionError) return failed(error);
    throw error;
  }
  return { pass: true, message: inverse };
}

function failed({ message }: Error): MatcherResult {
  return { pass: false, message: () => message };
}

/** A spy that has seen everything that lies in an engine's log. */
async function logOf(engine: Engine): Promise<EventSpy> {
  await whenQuiescent(engine);
  let see: (event: DomainEvent) => unknown = () => {};
  const spy = new EventSpy<DomainEvent>({
    subscribe: (type, handler) => engine.subscribe(type, handler),
    subscribeAll: (handler) => {
      see = handler;
      return { [Symbol.dispose]: () => {} };
    },
  });
  for await (const event of engine.read()) see(event);
  return spy;
}

function textOf(expected: readonly ExpectedEvent[]): string {
  return expected.map((one) => expectation(one).text).join(', ');
}

function engineOf(received: unknown): Engine {
  if (received instanceof Engine) return received;
  throw new InvalidOptionError(
    `This matcher needs an engine, or for published events an EventSpy; it got ${valueText(received)}.`,
  );
}
