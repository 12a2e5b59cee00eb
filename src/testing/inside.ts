import type { Engine } from '../index.js';
import type { HandlerWatch } from './handler-watch.js';
import type { RetryTimers } from './retry-timers.js';
import type { TestClock } from './test-clock.js';
import type { WatchedStore } from './watched-store.js';

/** What the tools know of an engine that `createTestEngine` opened, beyond what any engine tells. */
export interface Inside {
  readonly clock: TestClock;
  readonly watch: HandlerWatch;
  readonly timers: RetryTimers;
  readonly store: WatchedStore;
}

const insides = new WeakMap<Engine, Inside>();

/** Remembers the inside of a test engine. */
export function setInside(engine: Engine, inside: Inside): void {
  insides.set(engine, inside);
}

/** The inside of a test engine; undefined for any other engine. */
export function insideOf(engine: Engine): Inside | undefined {
  return insides.get(engine);
}
