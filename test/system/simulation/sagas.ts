import type { CommandContext } from 'millrace/aggregates';
import { defineAggregate } from 'millrace/aggregates';
import type { HandlerContext } from 'millrace/define';
import type { Aggregate } from '../../../dist/src/lanes/aggregates/define-aggregate.js';
import { Entered, type Send, TASKS, type Task } from './events.js';
import type { Life } from './life.js';
import type { SimLane } from './sim-lane.js';
import { Steps } from './steps.js';
import type { Logged } from './timing.js';
import { Violation } from './violation.js';

const LEDGERS = ['ledger-x', 'ledger-y'];

/** A send on its way: of which event, and as its how many-eth. */
interface Entry extends Send {
  readonly position: number;
  readonly index: number;
}

type Decide = (count: number, entry: Entry, ctx: CommandContext) => void | Promise<void>;

function ledgerOf(enter: Decide) {
  return defineAggregate('ledger', {
    events: [Entered],
    initial: () => 0,
    evolve: (count) => count + 1,
    commands: { enter },
  });
}

/** What handlers name it by; what decides is on lanes. */
const CALLED = ledgerOf(() => {});

/** Commands of handlers: each is entered into a ledger once, if its event was handled, and not before that is durable. */
export class Sagas {
  readonly #life: Life;
  readonly #draws: Steps;
  readonly #isEver: boolean;
  /** Times that an entry was decided on, by event and index. */
  readonly #tries = new Map<string, number>();
  violation: Violation | undefined;

  constructor(life: Life, seed: string) {
    this.#life = life;
    this.#draws = new Steps(`${seed}-sagas`);
    // The others are as they were before handlers could send commands.
    this.#isEver = Number(seed.replace(/\D/g, '')) % 3 === 2;
  }

  aggregateOn(lane: SimLane): Aggregate {
    return ledgerOf((_count, entry, ctx) => this.#decide(lane, entry, ctx)) as unknown as Aggregate;
  }

  /** What the handler of a new task is to send. */
  sends(): readonly Send[] {
    const draws = this.#draws;
    if (!this.#isEver || draws.chance(0.3)) return [];
    return Array.from({ length: 1 + draws.below(3) }, () => ({
      ledger: draws.pick(LEDGERS),
      throws: draws.chance(0.15) ? 1 + draws.below(3) : 0,
      kills: draws.chance(0.05),
      pauses: draws.chance(0.3),
      isRefused: draws.chance(0.1),
    }));
  }

  /** A handler sends what its task says. */
  send({ sends = [] }: Task, position: number, ctx: HandlerContext): void {
    sends.forEach((send, index) => {
      ctx.execute(CALLED, send.ledger, 'enter', { ...send, position, index });
    });
  }

  /** Those that were given up for too many deaths of lanes are tried again. Returns whether there were some. */
  retryHeld(): boolean {
    return this.#life.engine.retryCommands() > 0;
  }

  /** @throws Violation */
  check(log: readonly Logged[], done: ReadonlyMap<number, number>): void {
    const entered = new Map<string, number>();
    for (const { type, data, raw } of log) {
      if (type !== Entered.type) continue;
      const { position, index } = data as unknown as Entry;
      if (raw.causation !== position) throw new Violation(`${raw.position} says nothing of ${position}`);
      const entry = `${position}.${index}`;
      entered.set(entry, (entered.get(entry) ?? 0) + 1);
    }
    this.#life.counts.sends = entered.size;
    for (const { raw, type, data } of log) {
      if (!TASKS.some((task) => task.type === type)) continue;
      data.sends?.forEach(({ isRefused }, index) => {
        const wanted = isRefused ? 0 : (done.get(raw.position) ?? 0);
        const times = entered.get(`${raw.position}.${index}`) ?? 0;
        if (times !== wanted)
          throw new Violation(`send ${index} of ${raw.position} was entered ${times} times, not ${wanted}`);
      });
    }
    const left = this.#life.disk.read().commands.page({ after: 0, limit: 1 });
    if (left.length > 0) throw new Violation(`command ${left[0]?.number} is there in a drained engine`);
  }

  #decide(lane: SimLane, entry: Entry, ctx: CommandContext): void | Promise<void> {
    const { store } = this.#life.process;
    if (lane.dead) return never();
    const { position, pauses } = entry;
    this.#life.steps.note(`${lane.name} enters send ${entry.index} of ${position}`);
    if (store && !store.isFinished(position)) {
      this.violation ??= new Violation(`a command of ${position} is decided before that is durable`);
    }
    if (pauses) return this.#slowly(lane, entry, ctx);
    if (this.#kills(lane, entry)) throw new Error('nobody hears this');
    this.#enter(entry, ctx);
  }

  async #slowly(lane: SimLane, entry: Entry, ctx: CommandContext): Promise<void> {
    await this.#life.steps.wait(`${lane.name}.send${entry.position}.${entry.index}`, 'goes on');
    if (lane.dead || this.#kills(lane, entry)) return never();
    this.#enter(entry, ctx);
  }

  #kills(lane: SimLane, { position, index, kills }: Entry): boolean {
    const entry = `kill ${position}.${index}`;
    if (!kills || this.#tries.has(entry)) return false;
    this.#tries.set(entry, 1);
    this.#life.loseLane(lane, `of ${entry}`);
    return true;
  }

  #enter({ ledger, position, index, throws, isRefused }: Entry, ctx: CommandContext): void {
    const entry = `${position}.${index}`;
    const tries = (this.#tries.get(entry) ?? 0) + 1;
    this.#tries.set(entry, tries);
    if (tries <= throws) throw new Error(`send ${entry} fails`);
    // What it has emitted by then is to be forgotten.
    ctx.emit(Entered({ ledger, position, index }));
    if (isRefused) ctx.refuse('closed');
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
