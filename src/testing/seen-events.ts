import { NotRetainedError, TestAssertionError } from '../faces/errors.js';
import type { SeenEvent } from './event-source.js';
import { type Expectation, meets } from './expected-event.js';
import { sequenceDiff } from './sequence-diff.js';
import { countText, eventLines, eventText } from './text.js';

/** The newest events that somebody has seen, up to a limit, and what may be asserted of them. */
export class SeenEvents<Event extends SeenEvent> {
  readonly #limit: number;
  readonly #events: Event[] = [];
  #dropped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get events(): readonly Event[] {
    return this.#events;
  }

  get dropped(): number {
    return this.#dropped;
  }

  add(event: Event): void {
    this.#events.push(event);
    if (this.#events.length <= this.#limit) return;
    this.#events.shift();
    this.#dropped++;
  }

  clear(): void {
    this.#events.length = 0;
    this.#dropped = 0;
  }

  matching(wanted: Expectation): readonly Event[] {
    return this.#events.filter((event) => meets(wanted, event));
  }

  /** At least once, or exactly `times` times. @throws TestAssertionError, NotRetainedError */
  assertPublished(wanted: Expectation, times: number | undefined): void {
    const count = this.matching(wanted).length;
    if (times === undefined ? count === 0 : count <= times) this.#checkComplete();
    if (times === undefined ? count > 0 : count === times) return;
    const wish = times === undefined ? '' : ` ${countText(times, 'time')}`;
    const result = count === 0 ? 'it was not' : `it was ${countText(count, 'time')}`;
    throw new TestAssertionError(
      `Expected ${wanted.text} to be published${wish}; ${result}.${this.#nearest(wanted)}\n${this.#published()}`,
    );
  }

  /** @throws TestAssertionError, NotRetainedError */
  assertNotPublished(wanted: Expectation): void {
    const found = this.matching(wanted);
    if (found.length === 0) {
      this.#checkComplete();
      return;
    }
    throw new TestAssertionError(
      `Expected ${wanted.text} not to be published; it was ${countText(found.length, 'time')}.\n${eventLines(found)}`,
    );
  }

  /** @throws TestAssertionError, NotRetainedError */
  assertNothingPublished(): void {
    this.#checkComplete();
    if (this.#events.length === 0) return;
    throw new TestAssertionError(`Expected no event to be published.\n${this.#published()}`);
  }

  /** In this order, whatever else is before, between and after. @throws TestAssertionError, NotRetainedError */
  assertSequence(wanted: readonly Expectation[]): void {
    let next = 0;
    for (const event of this.#events) {
      const one = wanted[next];
      if (one && meets(one, event)) next++;
    }
    if (next === wanted.length) return;
    this.#checkComplete();
    throw new TestAssertionError(
      `Expected ${countText(wanted.length, 'event')} in this order, with any others between them; they did not come so.\n${sequenceDiff(wanted, this.#events, ' ')}`,
    );
  }

  /** In this order, and no others. @throws TestAssertionError, NotRetainedError */
  assertExactly(wanted: readonly Expectation[]): void {
    this.#checkComplete();
    if (areExactly(wanted, this.#events)) return;
    throw new TestAssertionError(
      `Expected exactly ${countText(wanted.length, 'event')}; published were ${this.#events.length}.\n${sequenceDiff(wanted, this.#events, '+')}`,
    );
  }

  /** The event of the wanted type that comes nearest, with what differs. */
  #nearest({ eventType, differences }: Expectation): string {
    const [best] = this.#events
      .filter(({ type }) => type === eventType?.type)
      .map((event) => ({ event, found: differences(event) }))
      .filter(({ found }) => found.length > 0)
      .sort((a, b) => a.found.length - b.found.length);
    if (!best) return '';
    return [`\nNearest is ${eventText(best.event)}`, ...best.found.map((text) => `  ${text}`)].join('\n');
  }

  #published(): string {
    if (this.#events.length === 0) return 'No event was published.';
    return `Published were:\n${eventLines(this.#events, this.#dropped)}`;
  }

  /** What was dropped might be what an assertion is about. That is no failed assertion: nobody can tell. */
  #checkComplete(): void {
    if (this.#dropped === 0) return;
    throw new NotRetainedError(
      `Only the newest ${this.#limit} events are kept, and ${countText(this.#dropped, 'event')} came before them, so nobody can tell. Use an EventSpy with a higher limit.`,
    );
  }
}

/** Whether the events are the expected ones, one by one. */
export function areExactly(wanted: readonly Expectation[], events: readonly SeenEvent[]): boolean {
  return (
    wanted.length === events.length && wanted.every((one, index) => meets(one, events[index] as SeenEvent))
  );
}
