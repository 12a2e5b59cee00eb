import { defineHandlers, defineState, type HandlerContext } from 'millrace/define';
import type { HandlerModule } from '../../../dist/src/lanes/handlers.js';
import { LANES } from '../../../dist/src/store/dead-letter.js';
import { Done, Lodging, Parking, Ringing, Skipping, type Task } from './events.js';
import type { Life } from './life.js';
import type { Contents, SimStore } from './sim-disk.js';
import type { SimLane } from './sim-lane.js';
import type { Steps } from './steps.js';
import { checkTallies, STATE, TALLIED, type Tally } from './tally-check.js';
import { Violation } from './violation.js';

/** Tries that fail of an event on which the building fails: one more than it has before it is a dead letter. */
const BAD_TRIES = 4;

/** What the handlers are given of an event. */
interface Handled {
  readonly position: number;
  readonly data: Task;
}

/**
 * A module whose state gets new versions as processes come and go, also while an earlier one is being built still, and which
 * is sometimes away and comes back with another one. Its state names the events that it is made of.
 */
export class Tallies {
  readonly #life: Life;
  readonly #draws: Steps;
  readonly isEver: boolean;
  version = 1;
  /** Whether the process has it. */
  isHere = false;
  #wasAway = false;
  /** It was away when the log knew nothing of its state yet: nobody can tell then that it misses something. */
  #isBlind = false;
  /** Calls that build, by position: which lanes have begun it. */
  readonly #building = new Map<number, SimLane[]>();
  readonly #tries = new Map<number, number>();
  readonly #running = new Map<string, { readonly lane: SimLane; readonly position: number }>();
  violation: Violation | undefined;

  /** @param draws of its own, so that lives without it stay as they are. */
  constructor(life: Life, seed: string, draws: Steps) {
    this.#life = life;
    this.#draws = draws;
    this.isEver = /[3469]$/.test(seed);
  }

  /** A process opens the log: perhaps with a state of another version, and sometimes without. */
  opening(isFirst: boolean): void {
    if (!this.isEver) return;
    const { steps, disk } = this.#life;
    this.#running.clear();
    const isKnown = disk.read().states.types.some(({ name }) => name === STATE);
    this.isHere = isFirst || !this.#draws.chance(0.12);
    if (!this.isHere && !isKnown) this.#isBlind = true;
    if (this.isHere && !isFirst && (this.#wasAway || this.#draws.chance(0.7))) this.version++;
    this.#wasAway = !this.isHere;
    steps.note(this.isHere ? `with tallies of version ${this.version}` : 'without tallies');
  }

  /** Whether the process is to end now, for another version to come. */
  get isNextDue(): boolean {
    return this.isEver && this.#draws.chance(0.08);
  }

  modules(lane: SimLane): readonly HandlerModule[] {
    if (!this.isHere) return [];
    const { version } = this;
    const state = defineState({ name: STATE, version, initial: (): Tally => ({ seen: [] }) });
    const handle = (event: Handled, tally: Tally, ctx: HandlerContext) =>
      this.#handle(lane, event, tally, ctx);
    const patient = { retries: 2, retryDelayMs: 1, state };
    return [
      defineHandlers('tallies', (on) => {
        on(Parking, patient, handle);
        on(Lodging, patient, handle);
        on(Ringing, patient, handle);
        on(Skipping, { ...patient, onFailure: 'skip' }, handle);
      }),
    ];
  }

  /** Compares the states of a log that has come to rest with what must be true of them. @throws Violation */
  check(contents: Contents): void {
    this.#life.counts.built += this.#building.size;
    if (!this.isHere || this.#isBlind) return;
    const { discarded, rerun } = this.#life;
    checkTallies(contents, {
      version: this.version,
      isEither: (position) => discarded.has(position) || rerun.has(position),
      mayFail: (position, data) => this.#mayFail(position, data),
    });
  }

  #handle(lane: SimLane, event: Handled, tally: Tally, ctx: HandlerContext): Tally | Promise<Tally> {
    if (lane.dead) return never();
    const { position, data } = event;
    const { store } = this.#life.process;
    const isBuilding = store !== undefined && isBuilt(position, store);
    this.#begin(lane, position, data, isBuilding);
    if (store) this.#checkGiven(event, tally, store, isBuilding);
    const end = () => this.#end(event, tally, ctx, isBuilding);
    if (!isBuilding || this.#draws.chance(0.5)) return end();
    const waited = this.#life.steps.wait(`${lane.name}.tally${position}`, 'goes on');
    return waited.then(() => (lane.dead ? never() : end()));
  }

  #begin(lane: SimLane, position: number, { key, number }: Task, isBuilding: boolean): void {
    const other = this.#running.get(key);
    if (other && !other.lane.dead) this.#violate(`${position} is tallied while ${other.position} is`);
    this.#running.set(key, { lane, position });
    if (!isBuilding) return;
    this.#life.steps.note(`${lane.name} builds ${number} of ${key} at ${position}`);
    this.#building.set(position, [...(this.#building.get(position) ?? []), lane]);
  }

  #end({ position, data }: Handled, tally: Tally, ctx: HandlerContext, isBuilding: boolean): Tally {
    this.#running.delete(data.key);
    // Before it can fail: what it leaves behind then is to be taken back.
    tally.seen.push(position);
    if (isBuilding) {
      // What a building leads to is left out: there is one `Done` for each, and the timers are of others.
      ctx.emit(Done({ key: data.key, number: data.number, attempt: ctx.attempt, count: 0 }));
      ctx.schedule(Ringing({ ...data, due: 0 }), ctx.now(), { name: 'one' });
      ctx.cancel('two');
      const tries = (this.#tries.get(position) ?? 0) + 1;
      this.#tries.set(position, tries);
      if (this.#isBad(data) && tries <= BAD_TRIES) throw new Error(`building try ${tries} of ${data.number}`);
    }
    return this.#draws.chance(0.5) ? tally : { seen: [...tally.seen] };
  }

  /** A state that is given has every event of its key that is done, in order, and none of behind. */
  #checkGiven({ position, data }: Handled, { seen }: Tally, store: SimStore, isBuilding: boolean): void {
    if (this.#isBlind) return;
    const what = `${position} of ${data.key} is ${isBuilding ? 'built' : 'tallied'} on ${seen}`;
    if (seen.includes(position)) this.#violate(`${what}, which has it`);
    if (this.#isOdd(position, data, store)) return;
    const later = seen.find((one) => one > position && !this.#isOddAt(one, store));
    if (later !== undefined) this.#violate(`${what}, which has ${later}`);
    const { contents } = store;
    const own = contents.events[position - 1];
    for (const raw of contents.events.slice(0, position - 1)) {
      if (!own || (raw.partitionKey ?? raw.aggregate) !== (own.partitionKey ?? own.aggregate)) continue;
      if (!TALLIED.includes(contents.types.get(raw.type)?.name ?? '')) continue;
      if (!store.isFinished(raw.position) || seen.includes(raw.position)) continue;
      if (!this.#isOddAt(raw.position, store)) this.#violate(`${what}, which misses ${raw.position}`);
    }
  }

  /** Of such an event nobody can tell when it is part of the state, or whether. */
  #isOdd(position: number, data: Task, store: SimStore): boolean {
    const { discarded, rerun } = this.#life;
    if (discarded.has(position) || rerun.has(position) || store.contents.letters.has(position)) return true;
    return this.#mayFail(position, data);
  }

  #isOddAt(position: number, store: SimStore): boolean {
    const raw = store.contents.events[position - 1];
    return !raw || this.#isOdd(position, store.reader.codec.unpack(raw.data) as Task, store);
  }

  /** It may fail of its own, of its lane, or of the late module that has the event in the same call. */
  #mayFail(position: number, data: Task): boolean {
    return this.#isBad(data) || this.#wasLost(position) || this.#life.late.isBad(data);
  }

  #isBad({ number }: Task): boolean {
    return Math.floor(number / 100) % 5 === 3;
  }

  /** Whether a lane has died that had begun to build it: it may be blamed. */
  #wasLost(position: number): boolean {
    return (this.#building.get(position) ?? []).some(({ dead }) => dead);
  }

  #violate(message: string): void {
    this.violation ??= new Violation(message);
  }
}

/** Whether a call can only be one that builds a state: the lanes are done with the event, and nobody asked for it again. */
function isBuilt(position: number, store: SimStore): boolean {
  const owners = store.contents.letters.get(position)?.owners ?? [];
  return store.isFinished(position) && !owners.includes(LANES);
}

function never(): Promise<never> {
  return new Promise(() => {});
}
