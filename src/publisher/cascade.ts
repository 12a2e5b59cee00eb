import { PublishCycleError } from '../kernel/errors.js';
import { MAX_PUBLISH_CHAIN, MAX_PUBLISH_QUEUE, PUBLISH_CHAIN_SHOWN } from '../limits.js';
import type { Outcome } from './pending.js';
import type { Route } from './routes.js';

/** An event type, and the one whose subscriber published it. */
export interface Link {
  readonly type: string;
  readonly cause: Link | undefined;
  /** 1 for an event that no subscriber published. */
  readonly length: number;
}

interface Waiting<Event> {
  readonly event: Event;
  readonly route: Route;
  readonly outcome: Outcome | undefined;
  readonly link: Link;
}

/**
 * Puts events that are published during a delivery behind it: every subscriber of an event has heard of it before
 * anybody hears of what it led to, and no chain of events is a deep stack.
 */
export class Cascade<Event> {
  readonly #deliver: (event: Event, route: Route, outcome: Outcome | undefined) => void;
  /** Type of the event that is being delivered; undefined when none is. */
  #type: string | undefined;
  /** Made when somebody asks for it: most events lead to no other. */
  #link: Link | undefined;
  #waiting: Waiting<Event>[] = [];
  /** Events in `#waiting`, and those of its last generation that were not delivered yet. */
  #held = 0;

  constructor(deliver: (event: Event, route: Route, outcome: Outcome | undefined) => void) {
    this.#deliver = deliver;
  }

  /** Whether an event is being delivered, so that another one has to wait. */
  get isDelivering(): boolean {
    return this.#type !== undefined;
  }

  /** @throws PublishCycleError when an event of the type would be one too many. */
  check(type: string): void {
    if (this.#type === undefined) return;
    const here = this.here();
    if (here.length < MAX_PUBLISH_CHAIN && this.#held < MAX_PUBLISH_QUEUE) return;
    const chain = chainOf(here, type);
    const what =
      here.length >= MAX_PUBLISH_CHAIN
        ? `${MAX_PUBLISH_CHAIN} events in a row were each published by a subscriber of the one before`
        : `${MAX_PUBLISH_QUEUE} events that subscribers published wait to be delivered`;
    throw new PublishCycleError(
      `Event '${type}' is not published: ${what}. The chain ends with ${chain.slice(-PUBLISH_CHAIN_SHOWN).join(' → ')}.`,
      { details: { chain } },
    );
  }

  /** Delivers an event: at once, or after what is being delivered. */
  deliver(event: Event, route: Route, outcome: Outcome | undefined): void {
    if (this.#type !== undefined) {
      const cause = this.here();
      const link = { type: route.type, cause, length: cause.length + 1 };
      this.#waiting.push({ event, route, outcome, link });
      this.#held++;
      return;
    }
    this.#type = route.type;
    try {
      this.#deliver(event, route, outcome);
      if (this.#held > 0) this.#deliverWaiting();
    } finally {
      this.#end();
    }
  }

  /** Where in its chain the event is that is being delivered. Only for use during a delivery. */
  here(): Link {
    this.#link ??= { type: this.#type ?? '', cause: undefined, length: 1 };
    return this.#link;
  }

  /** Does something as if it were part of an earlier delivery. */
  resume(link: Link, act: () => void): void {
    const type = this.#type;
    const before = this.#link;
    this.#type = link.type;
    this.#link = link;
    try {
      act();
      if (type === undefined) this.#deliverWaiting();
    } finally {
      if (type === undefined) this.#end();
      else {
        this.#type = type;
        this.#link = before;
      }
    }
  }

  /** Generation by generation, so that the list of one can be let go when the next is delivered. */
  #deliverWaiting(): void {
    while (this.#waiting.length > 0) {
      const generation = this.#waiting;
      this.#waiting = [];
      for (const { event, route, outcome, link } of generation) {
        this.#held--;
        this.#type = link.type;
        this.#link = link;
        this.#deliver(event, route, outcome);
      }
    }
  }

  #end(): void {
    this.#type = undefined;
    this.#link = undefined;
  }
}

function chainOf(last: Link, type: string): string[] {
  const chain = [type];
  for (let link: Link | undefined = last; link; link = link.cause) chain.push(link.type);
  return chain.reverse();
}
