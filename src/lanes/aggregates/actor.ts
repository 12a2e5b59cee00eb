import { commandIdIn } from './command-ids.js';
import type { Aggregate } from './define-aggregate.js';
import { Fold } from './fold.js';
import { COMMAND_ID_WINDOW, SWEEP_STEPS } from './limits.js';

const NO_COMMANDS: ReadonlyMap<string, number> = new Map();

/** What an aggregate on a lane is doing: nothing, waiting for its events, or awaiting a command. */
export type ActorState = 'idle' | 'loading' | 'deciding';

/** One aggregate on its lane: the state that is kept of it, and the orders that wait for it. */
export class Actor<Item> {
  readonly id: string;
  state: ActorState = 'idle';
  /** Those behind the one that it is at, in order. */
  readonly waiting: Item[] = [];
  /** The number of the command that it awaits. */
  awaited: number | undefined;
  /** Used since the last look for cold ones. */
  isWarm = true;
  #fold: Fold | undefined;
  /** By id, the versions of the first events of its newest commands. */
  #commands: Map<string, number> | undefined;

  constructor(id: string) {
    this.id = id;
  }

  get fold(): Fold | undefined {
    return this.#fold;
  }

  /** The state, if it is there, of this kind and of a version at least. A new aggregate has its first state. */
  current(aggregate: Aggregate, version: number): Fold | undefined {
    if (this.#fold?.aggregate !== aggregate) this.begin(aggregate);
    const fold = this.#fold as Fold;
    return fold.version >= version ? fold : undefined;
  }

  /** What `current` gives, but what is kept stays as it is: a command may be awaited that goes on with it. */
  kept(aggregate: Aggregate, version: number): Fold | undefined {
    const fold = this.#fold;
    return fold?.aggregate === aggregate && fold.version >= version ? fold : undefined;
  }

  /** Begins with the first state. @throws InvalidStateError */
  begin(aggregate: Aggregate): Fold {
    this.forget();
    this.#fold = new Fold(aggregate, this.id);
    return this.#fold;
  }

  /** Keeps nothing of the aggregate. */
  forget(): void {
    this.#fold = undefined;
    this.#commands = undefined;
  }

  /** By their ids, the newest commands: what a snapshot must say, because the events before it are not read again. */
  get commandIds(): ReadonlyMap<string, number> {
    return this.#commands ?? NO_COMMANDS;
  }

  /** The version of the first event of a command of this id, the newest one; undefined when it is not known. */
  doneAt(commandId: string): number | undefined {
    return this.#commands?.get(commandId);
  }

  /** What a snapshot says of commands. */
  knows(commands: Map<string, number>): void {
    this.#commands = commands;
  }

  /** An event of the aggregate has this id. */
  note(eventId: string | undefined, version: number): void {
    const command = commandIdIn(eventId);
    if (command === undefined) return;
    this.#commands ??= new Map();
    // Behind the newer ones, whatever its first time was.
    this.#commands.delete(command);
    this.#commands.set(command, version);
    for (const [id, noted] of this.#commands) {
      if (noted > version - COMMAND_ID_WINDOW) break;
      this.#commands.delete(id);
    }
  }

  /** Whether a command of this id is among the newest ones. */
  hasDone(commandId: string): boolean {
    return this.#commands?.has(commandId) ?? false;
  }
}

/** The aggregates of a lane, as many as it may keep; cold ones are let go. */
export class Actors<Item> {
  readonly #actors = new Map<string, Actor<Item>>();
  readonly #limit: number;
  #hand: IterableIterator<Actor<Item>> | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#actors.size;
  }

  of(id: string): Actor<Item> {
    const known = this.#actors.get(id);
    if (known) {
      known.isWarm = true;
      return known;
    }
    this.#makeRoom();
    const actor = new Actor<Item>(id);
    this.#actors.set(id, actor);
    return actor;
  }

  /** Lets go of all that are idle. */
  shed(): void {
    this.#hand = undefined;
    for (const actor of this.#actors.values()) if (isIdle(actor)) this.#actors.delete(actor.id);
  }

  /** Goes round through them: who has not been used since the last time goes. */
  #makeRoom(): void {
    for (let steps = SWEEP_STEPS; steps > 0 && this.#actors.size >= this.#limit; steps--) {
      this.#hand ??= this.#actors.values();
      const { value: actor } = this.#hand.next();
      if (!actor) this.#hand = undefined;
      else if (actor.isWarm) actor.isWarm = false;
      else if (isIdle(actor)) this.#actors.delete(actor.id);
    }
  }
}

function isIdle({ state, waiting }: Actor<unknown>): boolean {
  return state === 'idle' && waiting.length === 0;
}
