import type { DomainEvent } from 'millrace';
import {
  type BusHandler,
  createEventBus,
  createEventSystem,
  type EventBus,
  type EventBusOptions,
  type EventSystem,
} from 'millrace/bus';
import { onTestFinished } from 'vitest';
import { ALL_EVENTS, Noted } from '../../handlers/events.mjs';
import { tempStore } from '../../support/temp-folder.js';

export type TestBusOptions = Partial<EventBusOptions>;

/** A bus in memory, and one with a store. */
export const BACKENDS = [
  { backend: 'memory', store: () => ({}) },
  { backend: 'SQLite', store: () => ({ store: tempStore(), durability: 'os' as const }) },
] as const;

/** What a test leaves running is stopped at once: what is still queued there is nobody's business. */
const AT_ONCE = { signal: AbortSignal.abort() };

/** A bus with the test events, not started yet. */
export function makeBus(options: TestBusOptions = {}): EventBus {
  const bus = createEventBus({ events: ALL_EVENTS, ...options });
  onTestFinished(() => bus.stop(AT_ONCE).catch(() => {}));
  return bus;
}

/** A bus with the test events and its subscribers, started. */
export async function startBus(
  options: TestBusOptions,
  subscribe: (bus: EventBus) => void = () => {},
): Promise<EventBus> {
  const bus = makeBus(options);
  subscribe(bus);
  await bus.start();
  return bus;
}

/** A bus and a storage with the test events on one log; the bus is not started yet. */
export async function openSystem(options: TestBusOptions = {}): Promise<EventSystem> {
  const system = await createEventSystem({ events: ALL_EVENTS, ...options });
  onTestFinished(() => system.stop(AT_ONCE).catch(() => {}));
  return system;
}

/** A promise with its ends in the caller's hand. */
export function deferred<Value = void>() {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A subscriber that holds each event until it is let go. */
export class Holder {
  /** Events that stand here, in the order in which they came. */
  readonly held: DomainEvent[] = [];
  /** How many there were at most at one time. */
  most = 0;
  #open = false;
  readonly #letGo: (() => void)[] = [];
  readonly #arrivals: { readonly count: number; readonly resolve: () => void }[] = [];

  readonly handle: BusHandler = async (event) => {
    if (this.#open) return;
    this.held.push(event);
    this.most = Math.max(this.most, this.held.length);
    for (const { count, resolve } of this.#arrivals) if (this.held.length >= count) resolve();
    await new Promise<void>((resolve) => this.#letGo.push(resolve));
  };

  /** Resolves when so many events stand here. */
  async has(count: number): Promise<void> {
    if (this.held.length >= count) return;
    const { promise, resolve } = deferred();
    this.#arrivals.push({ count, resolve });
    await promise;
  }

  /** Lets the first one go. */
  release(): void {
    this.held.shift();
    this.#letGo.shift()?.();
  }

  /** Lets all go, and whoever comes later. */
  open(): void {
    this.#open = true;
    while (this.held.length > 0) this.release();
  }
}

/** Lets everything that can happen without anybody's help happen: microtasks, and some rounds of the event loop. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** The `value` of each test note. */
export function valuesOf(events: readonly DomainEvent[]): unknown[] {
  return events.map(({ data }) => (data as { value: unknown }).value);
}

export const HANDLED = { until: 'handled' } as const;

export const note = (key: string, value: number) => Noted({ note: key, value });

/** A promise whose failure is nobody's business when the test has failed before it. */
export function quietly<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}
