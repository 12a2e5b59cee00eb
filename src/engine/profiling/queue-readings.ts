import { PROFILE_MAX_QUEUE_READINGS, PROFILE_QUEUE_EVERY_MS } from '../../limits.js';
import type { QueueReading } from '../../profile/session.js';
import { epochNow } from '../../profile/span-log.js';
import type { EngineParts } from '../engine.js';
import { sizeOf } from '../watch/health-facts.js';

/** Looks at an engine's queues while it is profiled, in bounded memory: a long profile is looked at less often. */
export class QueueReadings {
  readonly #parts: EngineParts;
  #list: QueueReading[] = [];
  #every = PROFILE_QUEUE_EVERY_MS;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;

  constructor(parts: EngineParts) {
    this.#parts = parts;
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
    const { hub, options, store } = this.#parts;
    this.#list.push({
      at: epochNow() - this.#startedAt,
      inFlight: hub.counters.inFlight,
      maxInFlight: options.maxInFlight,
      waiting: hub.entrance.admission.waiting,
      lanes: hub.crew.seats.map((seat) => seat?.sent.count ?? 0),
      walBytes: sizeOf(`${store.location}-wal`),
    });
    if (this.#list.length >= PROFILE_MAX_QUEUE_READINGS) {
      this.#list = this.#list.filter((_, index) => index % 2 === 0);
      this.#every *= 2;
    }
    this.#timer = setTimeout(() => this.#look(), this.#every);
    this.#timer.unref();
  }
}
