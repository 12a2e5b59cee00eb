import fc from 'fast-check';
import type { Subscription } from 'millrace';
import { createPublisher, type Publisher } from 'millrace/publisher';
import { test } from 'vitest';
import { MAX_PUBLISH_CHAIN } from '../../../dist/src/limits.js';
import { checkProperty } from '../../support/property.js';
import { Closed, Created, EVENTS, Opened, Sold } from './events.js';

const TYPES = [Opened, Closed, Sold, Created];
const PATTERNS = ['shop.*', '**.sold', '*.*', '**', 'shop.**'] as const;

/** What a handler does besides writing down that it was called. */
type Reaction =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'throw' }
  | { readonly kind: 'publish'; readonly type: number }
  | { readonly kind: 'subscribe'; readonly plan: Plan }
  | { readonly kind: 'unsubscribe'; readonly number: number }
  | { readonly kind: 'endOwner'; readonly owner: string };

interface Plan {
  /** Index of a type, a pattern, or everything. */
  readonly topic: number | (typeof PATTERNS)[number] | 'all';
  readonly priority: number;
  readonly once: boolean;
  readonly filtered: boolean;
  readonly owner: string | undefined;
  readonly reaction: Reaction;
  /** Calls after which it reacts. */
  readonly after: number;
}

type Step =
  | { readonly kind: 'subscribe'; readonly plan: Plan }
  | { readonly kind: 'unsubscribe'; readonly number: number }
  | { readonly kind: 'endOwner'; readonly owner: string }
  | { readonly kind: 'publish'; readonly type: number; readonly times: number };

const type = fc.nat({ max: TYPES.length - 1 });
const owner = fc.constantFrom('ada', 'bob');
const unsubscribe = fc.record({ kind: fc.constant('unsubscribe' as const), number: fc.nat({ max: 30 }) });
const endOwner = fc.record({ kind: fc.constant('endOwner' as const), owner });

const rarely = fc.constantFrom(true, false, false, false);

function plans(reaction: fc.Arbitrary<Reaction>): fc.Arbitrary<Plan> {
  return fc.record({
    topic: fc.oneof(type, fc.constantFrom(...PATTERNS, 'all' as const)),
    priority: fc.integer({ min: -2, max: 2 }),
    // Most subscribers are plain, as most people's are.
    once: rarely,
    filtered: rarely,
    owner: fc.option(owner, { nil: undefined, freq: 1 }),
    reaction,
    after: fc.constantFrom(0, 0, 17, 30),
  });
}

const simple: fc.Arbitrary<Reaction> = fc.oneof(
  fc.constant<Reaction>({ kind: 'nothing' }),
  fc.constant<Reaction>({ kind: 'throw' }),
  fc.record({ kind: fc.constant('publish' as const), type }),
  unsubscribe,
  endOwner,
);
const reaction = fc.oneof(
  { arbitrary: simple, weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant('subscribe' as const), plan: plans(simple) }), weight: 1 },
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { arbitrary: fc.record({ kind: fc.constant('subscribe' as const), plan: plans(reaction) }), weight: 4 },
    { arbitrary: unsubscribe, weight: 1 },
    { arbitrary: endOwner, weight: 1 },
    {
      // Often enough that subscribers grow up, and are called in another way.
      arbitrary: fc.record({
        kind: fc.constant('publish' as const),
        type,
        times: fc.constantFrom(1, 1, 20),
      }),
      weight: 5,
    },
  ),
  { maxLength: 25, size: 'max' },
);

/** No handler adds subscribers or events for ever: after so many it only listens. */
const REACTIONS_MAX = 150;

/** Does the same things to a publisher and to the model, and writes down who heard what. */
interface World {
  subscribe(plan: Plan): void;
  unsubscribe(number: number): void;
  endOwner(owner: string): void;
  publish(type: number): void;
  readonly log: string[];
  readonly calls: readonly number[];
}

/** What a handler does when it is called; the same for both. */
function react(world: World, { reaction, after }: Plan, calls: number, reactions: { left: number }): void {
  if (calls <= after || reactions.left-- <= 0) return;
  switch (reaction.kind) {
    case 'nothing':
      break;
    case 'throw':
      throw new Error('thrown');
    case 'publish':
      world.publish(reaction.type);
      break;
    case 'subscribe':
      world.subscribe(reaction.plan);
      break;
    case 'unsubscribe':
      world.unsubscribe(reaction.number);
      break;
    case 'endOwner':
      world.endOwner(reaction.owner);
      break;
  }
}

/** The publisher. */
function realWorld(): World {
  const publisher = createPublisher({ events: EVENTS }) as Publisher;
  const subscriptions: Subscription[] = [];
  const reactions = { left: REACTIONS_MAX };
  const world: World & { readonly log: string[] } = {
    log: [],
    get calls() {
      return subscriptions.map(({ calls }) => calls);
    },
    subscribe(plan) {
      const number = subscriptions.length;
      let calls = 0;
      const handler = (event: { position: number }) => {
        world.log.push(`${number} heard ${event.position}`);
        react(world, plan, ++calls, reactions);
      };
      const { priority, once, owner } = plan;
      const options = {
        priority,
        once,
        ...(owner !== undefined && { owner }),
        ...(plan.filtered && { filter: ({ position }: { position: number }) => position % 3 !== 0 }),
      };
      subscriptions.push(subscribeTo(publisher, plan.topic, handler, options));
    },
    unsubscribe: (number) => subscriptions[number]?.unsubscribe(),
    endOwner: (name) => void publisher.unsubscribeOwner(name),
    publish: (index) => void publisher.publish(eventOf(index)),
  };
  return world;
}

function eventOf(index: number) {
  return (TYPES[index] as typeof Opened)({ id: 'a' });
}

function subscribeTo(
  publisher: Publisher,
  topic: Plan['topic'],
  handler: (event: { position: number }) => void,
  options: object,
): Subscription {
  if (topic === 'all') return publisher.subscribeAll(handler, options);
  if (typeof topic === 'string') return publisher.subscribePattern(topic, handler, options);
  return publisher.subscribe(TYPES[topic] as typeof Opened, handler, options);
}

interface Modelled {
  readonly plan: Plan;
  isActive: boolean;
  calls: number;
}

/** The same, as simple as it can be said. */
function modelWorld(): World {
  const all: Modelled[] = [];
  const waiting: { type: number; position: number; length: number }[] = [];
  const reactions = { left: REACTIONS_MAX };
  let lastPosition = 0;
  let running: { length: number } | undefined;

  const deliver = ({ type, position }: { type: number; position: number }) => {
    const hearing = all
      .filter(({ isActive, plan }) => isActive && includes(plan.topic, type))
      .sort((a, b) => b.plan.priority - a.plan.priority);
    for (const subscriber of hearing) {
      if (!subscriber.isActive || (subscriber.plan.filtered && position % 3 === 0)) continue;
      if (subscriber.plan.once) subscriber.isActive = false;
      subscriber.calls++;
      world.log.push(`${all.indexOf(subscriber)} heard ${position}`);
      try {
        react(world, subscriber.plan, subscriber.calls, reactions);
      } catch {
        // Nobody else hears of it.
      }
    }
  };

  const world: World & { readonly log: string[] } = {
    log: [],
    get calls() {
      return all.map(({ calls }) => calls);
    },
    subscribe: (plan) => void all.push({ plan, isActive: true, calls: 0 }),
    unsubscribe: (number) => {
      const subscriber = all[number];
      if (subscriber) subscriber.isActive = false;
    },
    endOwner: (name) => {
      for (const subscriber of all) if (subscriber.plan.owner === name) subscriber.isActive = false;
    },
    publish: (type) => {
      const length = (running?.length ?? 0) + 1;
      if (length > MAX_PUBLISH_CHAIN) throw new Error('cycle');
      waiting.push({ type, position: ++lastPosition, length });
      if (running) return;
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        running = next;
        deliver(next);
      }
      running = undefined;
    },
  };
  return world;
}

function includes(topic: Plan['topic'], type: number): boolean {
  const name = (TYPES[type] as typeof Opened).type;
  switch (topic) {
    case 'all':
    case '**':
      return true;
    case 'shop.*':
      return name === 'shop.opened' || name === 'shop.closed';
    case 'shop.**':
      return name.startsWith('shop.');
    case '**.sold':
      return name.endsWith('.sold');
    case '*.*':
      return name.split('.').length === 2;
    default:
      return topic === type;
  }
}

function run(world: World, steps: readonly Step[]): object {
  for (const step of steps) {
    if (step.kind === 'subscribe') world.subscribe(step.plan);
    else if (step.kind === 'unsubscribe') world.unsubscribe(step.number);
    else if (step.kind === 'endOwner') world.endOwner(step.owner);
    else for (let count = 0; count < step.times; count++) world.publish(step.type);
    world.log.push(step.kind);
  }
  return { log: world.log, calls: world.calls };
}

test('any sequence of subscribing, unsubscribing and publishing is heard as by the simplest publisher', async () => {
  const property = fc.property(steps, (steps) => {
    const [real, model] = [run(realWorld(), steps), run(modelWorld(), steps)].map((result) =>
      JSON.stringify(result, undefined, 1),
    );
    if (real !== model) throw new Error(`The publisher did ${real}, the model ${model}.`);
  });
  await checkProperty(property, { runs: 1500 });
});
