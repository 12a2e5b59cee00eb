import { optionNames, takeOptions } from '../events/known-options.js';
import type { DataOf, DomainEvent, Engine, EventType } from '../index.js';
import { SHOWN_EVENTS } from '../limits.js';
import { checkKnown } from './event-source.js';
import { EventSpy } from './event-spy.js';
import { type ExpectedEvent, expectation, meets } from './expected-event.js';
import { laggards, laneCounts } from './laggards.js';
import { eventLines } from './text.js';
import { type WaitOptions, withinTime } from './within-time.js';

/** Options of `waitFor`. */
export interface WaitForOptions extends WaitOptions {
  /** Also look at what was published before, from this position on; 1 is the whole log. */
  readonly from?: number;
}

const WAIT_FOR = optionNames<WaitForOptions>('waitFor', { from: true, timeout: true, signal: true });

/**
 * Resolves with the first such event that is durable, as soon as it is. Only events that come after the call
 * count, unless `from` says otherwise.
 *
 * @throws TestTimeoutError that says what was published instead; EngineFailedError as soon as the engine fails;
 * UnknownEventTypeError for a type that can never come; what a predicate throws; the signal's reason.
 */
export function waitFor<Type extends EventType>(
  engine: Engine,
  expected: Type,
  options?: WaitForOptions,
): Promise<DomainEvent<DataOf<Type>, Type['type']>>;
export function waitFor(
  engine: Engine,
  expected: ExpectedEvent,
  options?: WaitForOptions,
): Promise<DomainEvent>;
export async function waitFor(
  engine: Engine,
  expected: ExpectedEvent,
  given: WaitForOptions = {},
): Promise<DomainEvent> {
  const { from, ...options } = takeOptions(given, WAIT_FOR);
  const wanted = expectation(expected);
  checkKnown(engine, wanted);
  const before = laneCounts(engine);
  using spy = new EventSpy(engine, { limit: SHOWN_EVENTS });
  return await withinTime(
    wanted.text,
    options,
    async (signal) => {
      const next = nextEvent(engine, (event) => meets(wanted, event), signal);
      if (from !== undefined) {
        for await (const event of engine.read({ fromPosition: from, signal })) {
          if (meets(wanted, event)) return event;
        }
      }
      return next;
    },
    async () => `${publishedMeanwhile(spy)}\n${await laggards(engine, before)}`,
  );
}

/** The next durable event that passes a test. Rejects when the test throws or the engine fails. */
export function nextEvent(
  engine: Engine,
  test: (event: DomainEvent) => boolean,
  signal: AbortSignal,
): Promise<DomainEvent> {
  const next = new Promise<DomainEvent>((resolve, reject) => {
    engine.subscribeAll(
      (event) => {
        try {
          if (test(event)) resolve(event);
        } catch (error) {
          reject(error);
        }
      },
      { signal },
    );
    const notices = engine.onNotice((notice) => {
      if (notice.kind === 'failed') reject(notice.error);
    });
    signal.addEventListener('abort', notices.unsubscribe, { once: true });
  });
  // The caller may have found what it waits for in the log before.
  next.catch(() => {});
  return next;
}

function publishedMeanwhile(spy: EventSpy): string {
  const { events, dropped } = spy;
  if (events.length === 0) return 'No event was published meanwhile.';
  return `Published meanwhile were:\n${eventLines(events, dropped)}`;
}
