import { SUBSCRIBER_SAMPLE_EVERY } from '../limits.js';
import type { Deliveries, Handle, Subscriber } from './subscriber.js';
import type { Topic } from './topic.js';

/**
 * Subscribers in calling order. It is never changed, but replaced: who walks through it sees the subscribers that
 * there were when it began.
 */
export interface CallList {
  readonly subscribers: readonly Subscriber[];
  /** The handlers that may be called as they are; nothing where the subscriber has to be looked at before. */
  readonly handles: readonly (Handle | undefined)[];
  /** Whether one of them may be called with an event again, later. */
  readonly retries: boolean;
}

/**
 * The way of one event type to its subscribers. Most subscribers get every event of their types, so what is known
 * of them is known of the route: it is kept here once a delivery, not with each of them once a call.
 */
export class Route {
  readonly type: string;
  /** Undefined when somebody has come or gone, and nobody has asked since. */
  list: CallList | undefined;
  /** Events that were delivered to at least one subscriber. */
  deliveries = 0;
  /** When the last event was published, by `steadyNow`; 0 before. */
  publishedAt = 0;

  constructor(type: string) {
    this.type = type;
  }

  /** Counts a delivery. Returns whether its calls are to be measured. */
  begin(): boolean {
    return ++this.deliveries % SUBSCRIBER_SAMPLE_EVERY === 0;
  }
}

/** Who hears of which event type. */
export class Routes {
  /** Subscribers of one type, by type. */
  readonly #ofType = new Map<string, Set<Subscriber>>();
  /** Subscribers of all types and of patterns. */
  readonly #ofMany = new Set<Subscriber>();
  /** One for each event type that was asked for: there are as many as types are registered. */
  readonly #routes = new Map<string, Route>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(subscriber: Subscriber): void {
    const { type } = subscriber.topic;
    if (type === undefined) this.#ofMany.add(subscriber);
    else {
      const same = this.#ofType.get(type);
      if (same) same.add(subscriber);
      else this.#ofType.set(type, new Set([subscriber]));
    }
    this.#size++;
    this.renew(subscriber);
  }

  remove(subscriber: Subscriber): void {
    const { type } = subscriber.topic;
    const same = type === undefined ? this.#ofMany : this.#ofType.get(type);
    if (!same?.delete(subscriber)) return;
    if (type !== undefined && same.size === 0) this.#ofType.delete(type);
    this.#size--;
    this.renew(subscriber);
  }

  of(type: string): Route {
    let route = this.#routes.get(type);
    if (!route) {
      route = new Route(type);
      this.#routes.set(type, route);
    }
    return route;
  }

  /** Whom to call; the list is made when it is first asked for. */
  listOf(route: Route): CallList {
    route.list ??= this.#makeList(route.type);
    return route.list;
  }

  /** Lists that have the subscriber are made anew: it is to be called in another way. */
  renew({ topic: { type } }: Subscriber): void {
    if (type !== undefined) this.of(type).list = undefined;
    else for (const route of this.#routes.values()) route.list = undefined;
  }

  /** How many events of a topic were delivered to anybody, and when the last one was. */
  deliveriesOf({ type, includes }: Topic): Deliveries {
    let count = 0;
    let last = 0;
    for (const route of type === undefined ? this.#routes.values() : [this.of(type)]) {
      if (!includes(route.type)) continue;
      count += route.deliveries;
      last = Math.max(last, route.publishedAt);
    }
    return { count, last };
  }

  #makeList(type: string): CallList {
    const subscribers = [...(this.#ofType.get(type) ?? [])];
    for (const subscriber of this.#ofMany) if (subscriber.topic.includes(type)) subscribers.push(subscriber);
    subscribers.sort((a, b) => (a.priority === b.priority ? a.id - b.id : a.priority < b.priority ? 1 : -1));
    return {
      subscribers,
      handles: subscribers.map((subscriber) => subscriber.freeHandle),
      retries: subscribers.some(({ retry }) => retry.retries > 0),
    };
  }
}
