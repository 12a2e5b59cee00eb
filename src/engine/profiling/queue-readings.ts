import { PROFILE_MAX_QUEUE_READINGS, PROFILE_QUEUE_EVERY_MS } from '../../limits.js';
import type { QueueReading } from '../../sampling/session.js';
import { epochNow } from '../../sampling/span-log.js';
import type { EngineFacts } from '../watch/facts.js';

/** Looks at an engine's queues while it is profiled, in bounded memory: a long profile is looked at less often. */
export class QueueReadings {
  readonly #facts: EngineFacts;
  #list: QueueReading[] = [];
  #every = PROFILE_QUEUE_EVERY_MS;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;

  constructor(facts: EngineFacts) {
    this.#facts = facts;
  }

  get list(): readonly QueueReading[] {
    return this.#list;
  }

  start(startedAt: number): void {
    this.#startedAt = startedAt;
    this.#look();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    const { counters, fill, waiting, sentToLanes, walBytes } = this.#facts;
    this.#list.push({
      at: epochNow() - this.#startedAt,
      inFlight: counters.inFlight,
      maxInFlight: fill.maxInFlight,
      waiting,
      lanes: sentToLanes,
      walBytes,
    });
    if (this.#list.length >= PROFILE_MAX_QUEUE_READINGS) {
      this.#list = this.#list.filter((_, index) => index % 2 === 0);
      this.#every *= 2;
    }
    this.#timer = setTimeout(() => this.#look(), this.#every);
    this.#timer.unref();
  }
}
