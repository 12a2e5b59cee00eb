import type { CommandContext, CommandResult, ExecuteOptions } from 'millrace/aggregates';
import { defineAggregate } from 'millrace/aggregates';
import type { Aggregate } from '../../../dist/src/lanes/aggregates/define-aggregate.js';
import { BOUND, type Counter, checkCounters, checkReply, historyOf, type Reply } from './counters.js';
import { Added, Lowered } from './events.js';
import type { Life } from './life.js';
import type { Contents } from './sim-disk.js';
import type { SimLane } from './sim-lane.js';
import { checkSnapshots } from './snapshots.js';
import { Steps } from './steps.js';
import { Violation } from './violation.js';

const COUNTERS = ['counter-x', 'counter-y', 'counter-z'];

/** What a command is to do. */
export interface Asked {
  readonly number: number;
  /** What is added, an event each. */
  readonly parts: readonly number[];
  /** Steps that it awaits. */
  readonly pauses: number;
  /** Lanes that die of it. */
  readonly kills: number;
  /** Whether it throws after all. */
  readonly fails: boolean;
}

type Decide = (state: Counter, asked: Asked, ctx: CommandContext) => number | Promise<number>;

function counterOf(add: Decide) {
  return defineAggregate('counter', {
    events: [Added, Lowered],
    snapshotEvery: 2,
    initial: (): Counter => ({ sum: 0 }),
    evolve: ({ sum }, { type, data }) => ({
      sum: type === Added.type ? sum + data.amount : sum - data.amount,
    }),
    commands: { add },
  });
}

/** What callers name it by; what decides is on lanes. */
const CALLED = counterOf(() => 0);

/** Commands on counters that must never pass a bound, with publishers between; and what must be true of the replies. */
export class Commands {
  readonly #life: Life;
  readonly #draws: Steps;
  readonly #isEver: boolean;
  /** By their numbers; those with ids are asked again. */
  readonly #asked = new Map<number, Asked>();
  readonly #named: { readonly counter: string; readonly asked: Asked }[] = [];
  readonly #deaths = new Map<number, number>();
  #replies: Reply[] = [];
  /** Numbers of commands without ids of which nothing must be stored. */
  readonly #refused = new Set<number>();
  #number = 0;
  violation: Violation | undefined;

  constructor(life: Life, seed: string) {
    this.#life = life;
    this.#draws = new Steps(`${seed}-commands`);
    this.#isEver = this.#draws.chance(0.5);
  }

  aggregateOn(lane: SimLane): Aggregate {
    return counterOf((state, asked, ctx) => this.#decide(lane, state, asked, ctx)) as unknown as Aggregate;
  }

  /** Sometimes somebody asks for something. */
  act(): void {
    const draws = this.#draws;
    if (!this.#isEver || !draws.chance(0.35)) return;
    const counter = draws.pick(COUNTERS);
    for (let left = 1 + draws.below(3); left > 0; left--) {
      if (draws.chance(0.3)) this.#lower(counter);
      else if (draws.chance(0.25) && this.#named.length > 0) this.#again();
      else this.#ask(counter);
    }
  }

  /** A power cut has taken the end of the log. */
  lost(length: number): void {
    this.#replies = this.#replies.filter(({ position }) => position <= length);
  }

  /** @throws Violation */
  check(contents: Contents): void {
    const histories = COUNTERS.map((counter) => historyOf(contents, counter));
    checkCounters(histories, this.#asked, this.#refused);
    for (const reply of this.#replies) checkReply(historyOf(contents, reply.counter), reply);
    this.#life.counts.replies = this.#replies.length;
    this.#life.counts.snapshots = checkSnapshots(contents);
  }

  #lower(counter: string): void {
    const { engine, steps, acknowledged } = this.#life;
    const number = ++this.#number;
    engine.publish(Lowered({ counter, number, amount: 1 + this.#draws.below(4) })).then(
      ({ position }) => acknowledged.set(position, number),
      (error: Error) => steps.note(`lower ${number}: ${error.message}`),
    );
  }

  #ask(counter: string): void {
    const draws = this.#draws;
    const asked: Asked = {
      number: ++this.#number,
      parts: Array.from({ length: draws.pick([0, 1, 1, 1, 2]) }, () => 1 + draws.below(4)),
      pauses: draws.chance(0.6) ? 0 : 1 + draws.below(2),
      kills: draws.chance(0.08) ? 1 + draws.below(2) : 0,
      fails: draws.chance(0.1),
    };
    this.#asked.set(asked.number, asked);
    const isNamed = draws.chance(0.4);
    if (isNamed) this.#named.push({ counter, asked });
    this.#execute(counter, asked, isNamed);
  }

  #again(): void {
    const { counter, asked } = this.#draws.pick(this.#named);
    this.#execute(counter, asked, true);
  }

  #execute(counter: string, asked: Asked, isNamed: boolean): void {
    const { engine, steps, process, pending } = this.#life;
    const { number } = asked;
    const until = this.#draws.pick(['accepted', 'durable', 'durable', 'handled'] as const);
    steps.note(`command ${number} of ${counter} until ${until}`);
    const options: ExecuteOptions = { until, ...(isNamed && { commandId: `c${number}` }) };
    const told = engine.execute(CALLED, counter, 'add', asked, options).then(
      (result) => {
        steps.note(`command ${number} has version ${result.version}`);
        if (until !== 'accepted' && process.isAlive) this.#told(counter, asked, result);
      },
      (error: Error & { code?: string }) => {
        steps.note(`command ${number}: ${error.message}`);
        const isDecided = error.code === 'MILLRACE_COMMAND_REFUSED' || error.message === failure(number);
        if (isDecided && !isNamed) this.#refused.add(number);
        if (error.code === 'MILLRACE_CONCURRENCY') this.#violate(`command ${number} never came to an end`);
      },
    );
    // All of them must be answered in the end.
    pending.push(told);
  }

  /** A reply says what is on the disk, now and ever after. */
  #told(
    counter: string,
    { number, parts }: Asked,
    { version, position, reply: sum }: CommandResult<number>,
  ): void {
    const { store } = this.#life.process;
    if (!store) return;
    const history = historyOf(store.contents, counter);
    const reply = { counter, number, version, sum, hasEvents: parts.length > 0 };
    const at = reply.hasEvents ? position : (history[version - 1]?.position ?? 0);
    this.#replies.push({ ...reply, position: at });
    try {
      checkReply(history, { ...reply, position: at });
    } catch (error) {
      this.violation ??= error as Violation;
    }
  }

  #decide(lane: SimLane, state: Counter, asked: Asked, ctx: CommandContext): number | Promise<number> {
    const { steps } = this.#life;
    if (lane.dead) return never();
    steps.note(`${lane.name} decides ${asked.number} of ${ctx.aggregateId}, which is ${state.sum}`);
    if (asked.pauses > 0) return this.#slowly(lane, state, asked, ctx);
    if (this.#kills(lane, asked)) throw new Error('nobody hears this');
    return decide(state, asked, ctx);
  }

  async #slowly(lane: SimLane, state: Counter, asked: Asked, ctx: CommandContext): Promise<number> {
    for (let pause = 0; pause < asked.pauses; pause++) {
      await this.#life.steps.wait(`${lane.name}.command${asked.number}`, 'goes on');
      if (lane.dead) return never();
    }
    if (this.#kills(lane, asked)) return never();
    return decide(state, asked, ctx);
  }

  #kills(lane: SimLane, { number, kills }: Asked): boolean {
    const deaths = this.#deaths.get(number) ?? 0;
    if (deaths >= kills) return false;
    this.#deaths.set(number, deaths + 1);
    this.#life.loseLane(lane, `of command ${number}`);
    return true;
  }

  #violate(message: string): void {
    this.violation ??= new Violation(message);
  }
}

function decide({ sum }: Counter, { number, parts, fails }: Asked, ctx: CommandContext): number {
  let before = sum;
  for (const amount of parts) {
    ctx.emit(Added({ counter: ctx.aggregateId, number, amount, before }));
    before += amount;
  }
  // What it has emitted by then is to be forgotten.
  if (before > BOUND && parts.length > 0) ctx.refuse('bound');
  if (fails) throw new Error(failure(number));
  return before;
}

function failure(number: number): string {
  return `command ${number} fails`;
}

function never(): Promise<never> {
  return new Promise(() => {});
}
