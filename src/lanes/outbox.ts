import { getHeapStatistics } from 'node:v8';
import type { Codec } from '../events/codec.js';
import { EmissionBuffer } from '../events/emission.js';
import { MAX_LANE_BATCH } from '../limits.js';
import type { LaneProfile } from './lane-profile.js';
import type { LaneAnswer, LaneFailure } from './protocol.js';
import type { LaneStates } from './states/lane-states.js';
import type { LaneTimers } from './timers/lane-timers.js';
import type { TracerErrors } from './traced.js';
import { WorkMeter } from './work-meter.js';

/** Takes the news that a batch has passed, with the answer that says so unless another one did. */
export type Passed = (answer: LaneAnswer | undefined) => void;

/** What has come of a lane's events since its last answer, until it is sent. */
export class Outbox {
  readonly emissions: EmissionBuffer;
  readonly work = new WorkMeter();
  failures: LaneFailure[] = [];
  held: number[] = [];
  waiting: number[] = [];
  passed: Passed[] = [];
  readonly #answered: (answer: LaneAnswer) => void;
  readonly #busy: () => number;
  readonly #tracerErrors: TracerErrors | undefined;
  readonly #states: LaneStates;
  readonly #timers: LaneTimers;
  #done = new Uint32Array(MAX_LANE_BATCH);
  #count = 0;
  #number = 0;
  #busyBefore = 0;
  #answeredAt = performance.now();

  /** @param busy milliseconds that the lane has worked so far. */
  constructor(
    codec: Codec,
    states: LaneStates,
    timers: LaneTimers,
    answered: (answer: LaneAnswer) => void,
    busy: () => number,
    tracerErrors?: TracerErrors,
  ) {
    this.#tracerErrors = tracerErrors;
    this.#states = states;
    this.#timers = timers;
    this.emissions = new EmissionBuffer(codec);
    this.#answered = answered;
    this.#busy = busy;
    this.#busyBefore = busy();
  }

  /** The event has succeeded. */
  done(reference: number): void {
    if (this.#count === this.#done.length) this.#grow();
    this.#done[this.#count++] = reference;
  }

  /** Sends what there is: with the end of a batch that has passed, or alone. */
  send(awaited: number, profile: LaneProfile | undefined): void {
    if (this.#isEmpty) return;
    const { passed } = this;
    const answer = this.#take(awaited, profile);
    const [first, ...others] = passed;
    if (first) first(answer);
    else this.#answered(answer);
    for (const pass of others) pass(undefined);
  }

  get #isEmpty(): boolean {
    return (
      this.#count === 0 &&
      this.failures.length === 0 &&
      this.held.length === 0 &&
      this.waiting.length === 0 &&
      this.passed.length === 0
    );
  }

  #take(awaited: number, profile: LaneProfile | undefined): LaneAnswer {
    const busy = this.#busy();
    const now = performance.now();
    const answer: LaneAnswer = {
      kind: 'answer',
      number: ++this.#number,
      done: this.#done.slice(0, this.#count),
      failures: this.failures,
      held: this.held,
      waiting: this.waiting,
      awaited,
      passed: this.passed.length,
      emitted: this.emissions.take(),
      states: this.#states.records.take(),
      timers: this.#timers.take(),
      unknownShapes: this.emissions.takeUnknownShapes(),
      stateShapes: this.#states.takeUnknownShapes(),
      busy: busy - this.#busyBefore,
      elapsed: now - this.#answeredAt,
      types: this.work.take(),
      heap: getHeapStatistics().used_heap_size,
      tracerErrors: this.#tracerErrors?.take() ?? 0,
    };
    profile?.ran(now - answer.busy, now, this.#count + this.failures.length, answer.types);
    this.#busyBefore = busy;
    this.#answeredAt = now;
    this.#count = 0;
    this.failures = [];
    this.held = [];
    this.waiting = [];
    this.passed = [];
    return answer;
  }

  #grow(): void {
    const grown = new Uint32Array(this.#done.length * 2);
    grown.set(this.#done);
    this.#done = grown;
  }
}
