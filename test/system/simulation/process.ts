import type { World } from '../../../dist/src/engine/open.js';
import { steadyNow } from '../../../dist/src/kernel/clock.js';
import type { HandlerModule } from '../../../dist/src/lanes/handlers.js';
import type { Life } from './life.js';
import { SimStore } from './sim-disk.js';
import { SimLane } from './sim-lane.js';

let born = 0;

/** One process of a life. When it ends, nothing that it had begun goes on. */
export class Process {
  readonly #life: Life;
  readonly #name = `p${++born}`;
  readonly #makeModule: (lane: SimLane) => HandlerModule;
  readonly #lanes: SimLane[] = [];
  #timers = 0;
  #made = 0;
  #stores = 0;
  #alive = true;
  store: SimStore | undefined;
  failNextCommit = false;

  constructor(life: Life, makeModule: (lane: SimLane) => HandlerModule) {
    this.#life = life;
    this.#makeModule = makeModule;
  }

  get lanes(): readonly SimLane[] {
    return this.#lanes.filter(({ dead }) => !dead);
  }

  world(concurrency: number): World {
    const { steps, disk } = this.#life;
    return {
      makeStore: () => {
        this.store = new SimStore(disk, steps, `${this.#name}.store${++this.#stores}`, () =>
          this.#commitFails(),
        );
        return this.store;
      },
      makeLane: (number) => {
        const lane = new SimLane(
          `${this.#name}.lane${number}x${++this.#made}`,
          number,
          concurrency,
          steps,
          this.#makeModule,
        );
        if (this.#alive) this.#lanes.push(lane);
        else lane.silence();
        return lane;
      },
      time: {
        // How long a timer takes is nobody's promise: it may come before or after anything else.
        set: (callback) => {
          const queue = `${this.#name}.timer${++this.#timers}`;
          if (this.#alive) steps.add(queue, 'fires', callback);
          return queue;
        },
        // The engine's look at its own health, which goes by real time: it has no place in a life of steps.
        background: () => 'never',
        clear: (queue) => {
          if (typeof queue === 'string') steps.drop(queue);
        },
        now: () => 0,
        steady: steadyNow,
      },
    };
  }

  end(): void {
    this.#alive = false;
    for (const lane of this.#lanes) lane.silence();
    this.store?.silence();
    this.#life.steps.drop(`${this.#name}.`);
  }

  #commitFails(): boolean {
    const fails = this.failNextCommit && this.#life.faults;
    this.failNextCommit = false;
    if (fails) this.#life.counts.ioErrors++;
    return fails;
  }
}
