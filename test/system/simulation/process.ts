import { CONSUMER_FLUSH_MS } from '../../../dist/src/consumers/limits.js';
import type { World } from '../../../dist/src/engine/open.js';
import { steadyNow } from '../../../dist/src/kernel/clock.js';
import type { SimClock } from './clock.js';
import { type SimDisk, SimStore } from './sim-disk.js';
import { type LaneContents, SimLane } from './sim-lane.js';
import type { Steps } from './steps.js';

/** What a process lives in. */
export interface Surroundings {
  readonly steps: Steps;
  readonly disk: SimDisk;
  readonly clock: SimClock;
  /** Whether commits may fail, which is counted. */
  readonly faults: boolean;
  readonly counts: { ioErrors: number };
  /** Memory that keys' states may take on the main thread; left out: enough for all. */
  readonly maxStateBytes?: number;
}

let born = 0;

/** One process of a life. When it ends, nothing that it had begun goes on. */
export class Process {
  readonly #life: Surroundings;
  readonly name = `p${++born}`;
  readonly #contents: (lane: SimLane) => LaneContents;
  readonly #lanes: SimLane[] = [];
  #timers = 0;
  #made = 0;
  #stores = 0;
  #alive = true;
  store: SimStore | undefined;
  failNextCommit = false;

  constructor(life: Surroundings, contents: (lane: SimLane) => LaneContents) {
    this.#life = life;
    this.#contents = contents;
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  get lanes(): readonly SimLane[] {
    return this.#lanes.filter(({ dead }) => !dead);
  }

  world(concurrency: number): World {
    const { steps, disk, clock, maxStateBytes } = this.#life;
    return {
      maxStateBytes,
      makeStore: () => {
        this.store = new SimStore(disk, steps, `${this.name}.store${++this.#stores}`, () =>
          this.#commitFails(),
        );
        return this.store;
      },
      makeLane: (number) => {
        const lane = new SimLane(
          `${this.name}.lane${number}x${++this.#made}`,
          number,
          concurrency,
          steps,
          this.#contents,
        );
        if (this.#alive) this.#lanes.push(lane);
        else lane.silence();
        return lane;
      },
      time: {
        // How long a timer takes is nobody's promise: it may come before or after anything else.
        set: (callback) => this.#timer(callback),
        // The engine's look at its own health goes by real time, and has no place in a life of steps.
        background: (callback, milliseconds) =>
          milliseconds > CONSUMER_FLUSH_MS ? 'never' : this.#timer(callback),
        alarm: (callback, at) => this.#alarm(callback, at),
        clear: (queue) => {
          if (typeof queue !== 'string') return;
          clock.clear(queue);
          steps.drop(queue);
        },
        now: () => clock.now,
        steady: steadyNow,
      },
    };
  }

  end(): void {
    this.#alive = false;
    for (const lane of this.#lanes) lane.silence();
    this.store?.silence();
    this.#life.steps.drop(`${this.name}.`);
    this.#life.clock.drop(`${this.name}.`);
  }

  #timer(callback: () => void): string {
    const queue = `${this.name}.timer${++this.#timers}.`;
    if (this.#alive) this.#life.steps.add(queue, 'fires', callback);
    return queue;
  }

  #alarm(callback: () => void, at: number): string {
    const { steps, clock } = this.#life;
    const queue = `${this.name}.alarm${++this.#timers}.`;
    if (this.#alive) clock.set(queue, at, () => steps.add(queue, 'rings', callback));
    return queue;
  }

  #commitFails(): boolean {
    const fails = this.failNextCommit && this.#life.faults;
    this.failNextCommit = false;
    if (fails) this.#life.counts.ioErrors++;
    return fails;
  }
}
