import { HEALTH_STALLED_SHOWN } from '../limits.js';

/** An event whose handler has begun and not ended. */
export interface RunningEvent {
  readonly position: number;
  readonly key: string;
  /** Names of the modules that handle it. */
  readonly handler: string;
}

/** What tells whether an engine gets on. */
export interface WorkFacts {
  /** Events accepted and not finished. */
  readonly inFlight: number;
  readonly running: readonly RunningEvent[];
  /** A commit is under way, or something waits for one. */
  readonly committing: boolean;
  /** A failed event waits for its next try. */
  readonly retrying: boolean;
  /** Grows with everything that happens to events. */
  readonly steps: number;
}

/**
 * Watches how long handlers run and how long nothing happens, whatever limits they have. It sees what is so at each
 * look; so it costs handlers nothing, and is as exact as looks are frequent.
 */
export class Stalls {
  /** By position: when its handler was first seen to run. */
  #since = new Map<number, number>();
  #steps = -1;
  /** When something happened last. */
  #steppedAt = 0;

  /** @param now milliseconds of a clock that never jumps. */
  look({ running, steps, inFlight }: WorkFacts, now: number): void {
    const before = this.#since;
    this.#since = new Map(running.map(({ position }) => [position, before.get(position) ?? now]));
    if (steps === this.#steps && inFlight > 0) return;
    this.#steps = steps;
    this.#steppedAt = now;
  }

  /** In words, what has been going on for longer than `limit` milliseconds. */
  reasons(
    { running, steps, inFlight, committing, retrying }: WorkFacts,
    limit: number,
    now: number,
  ): string[] {
    const stalled = running.filter(({ position }) => now - (this.#since.get(position) ?? now) > limit);
    const more = stalled.length - HEALTH_STALLED_SHOWN;
    const reasons = stalled
      .slice(0, HEALTH_STALLED_SHOWN)
      .map(({ position, key, handler }) =>
        describe(
          `Handlers '${handler}' have not finished event ${position} of key '${key}'`,
          this.#since.get(position),
          now,
        ),
      );
    if (more > 0) reasons.push(`${more} more handlers have not ended for as long.`);
    const isStill = inFlight > 0 && steps === this.#steps && now - this.#steppedAt > limit;
    if (!isStill || running.length > 0 || (retrying && !committing)) return reasons;
    const waiting = `${inFlight} ${inFlight === 1 ? 'event is' : 'events are'} in flight and nothing has been finished`;
    const where = committing ? 'the store has not answered' : 'no lane has taken one';
    return [...reasons, describe(`${waiting}, because ${where}`, this.#steppedAt, now)];
  }
}

function describe(what: string, since: number | undefined, now: number): string {
  const milliseconds = now - (since ?? now);
  const at = new Date(Date.now() - milliseconds).toISOString();
  return `${what} for ${Math.round(milliseconds / 1000)} s, since ${at}.`;
}
