import type { Engine, EngineOptions } from 'millrace';
import { onTestFinished } from 'vitest';
import { checkOptions } from '../../dist/src/engine/check-options.js';
import { openIn, realWorld, type World } from '../../dist/src/engine/open.js';
import { NODE_TIME, type Time } from '../../dist/src/kernel/time.js';
import { Noted, TIMER_EVENTS } from '../handlers/timer-events.mjs';
import { collect } from './collect.js';
import { handlers } from './open-test-engine.js';

/** A wall clock that stands still until a test moves it. Retries and health go by real time. */
export class WallClock {
  readonly #alarms = new Set<{ readonly at: number; readonly ring: () => void }>();
  now: number;
  readonly time: Time;

  constructor(now = 0) {
    this.now = now;
    this.time = {
      ...NODE_TIME,
      now: () => this.now,
      alarm: (ring, at) => {
        const alarm = { at, ring };
        this.#alarms.add(alarm);
        return alarm;
      },
      clear: (timer) => {
        if (!this.#alarms.delete(timer as never)) NODE_TIME.clear(timer);
      },
    };
  }

  /** Alarms that are set. */
  get alarms(): readonly number[] {
    return [...this.#alarms].map(({ at }) => at);
  }

  /** It is so late now; whatever waits for that is woken. */
  set(now: number): void {
    this.now = now;
    for (const alarm of [...this.#alarms]) {
      if (alarm.at > now) continue;
      this.#alarms.delete(alarm);
      alarm.ring();
    }
  }
}

/** An engine whose handlers do what events say with timers; it goes by the given clock, and is closed after the test. */
export async function openTimed(
  clock: WallClock,
  options: Partial<EngineOptions> = {},
  world: Partial<World> = {},
): Promise<Engine> {
  const checked = checkOptions({ events: TIMER_EVENTS, handlers: [handlers('timers')], ...options });
  const engine = (await openIn(checked, {
    ...realWorld(checked),
    time: clock.time,
    ...world,
  })) as unknown as Engine;
  onTestFinished(() => engine.close().catch(() => {}));
  return engine;
}

/** What was told of a key, or of all, in order. */
export async function toldOf(engine: Engine, key?: string): Promise<string[]> {
  const range = key === undefined ? { types: [Noted] } : { aggregateId: `noted-${key}` };
  const events = await collect(engine, range);
  return events.map(({ data }) => (data as { what: string }).what);
}
