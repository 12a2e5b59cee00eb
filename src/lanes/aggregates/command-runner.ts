import { setImmediate } from 'node:timers';
import { getHeapStatistics } from 'node:v8';
import { Codec } from '../../events/codec.js';
import { decodeError } from '../../kernel/error-codec.js';
import { Ring } from '../../kernel/ring.js';
import { isThenable } from '../../kernel/thenable.js';
import { EmittedTypes } from '../emitted-types.js';
import type { LaneCell } from '../lane-cell.js';
import type { LaneSetup } from '../protocol.js';
import { TurnClock } from '../turn-clock.js';
import { type Actor, Actors } from './actor.js';
import { faultOf } from './broken-rule.js';
import { CommandOutbox } from './command-outbox.js';
import { type Decision, decided } from './decide.js';
import { DecidedEvents } from './decided-events.js';
import type { Aggregate } from './define-aggregate.js';
import { CommandFold, decidedOn, Fold } from './fold.js';
import { foldPage } from './folding.js';
import { inTime } from './in-time.js';
import { type AskingItem, type CommandItem, type Item, type Wish, wantedFor } from './items.js';
import { type LaneAggregate, laneAggregates, loadedAs, type WrapCommand } from './lane-aggregate.js';
import {
  LANE_AGGREGATE_HEAP_SHARE,
  LANE_AGGREGATES,
  LANE_HEAP_LOOKS,
  MAX_NUMBERS_BETWEEN,
} from './limits.js';
import type {
  CommandAnswer,
  CommandMail,
  CommandOrder,
  ForgetOrder,
  LoadedAggregate,
  PageOrder,
  QueryOrder,
  StateSnapshot,
} from './protocol.js';
import { LaneSnapshots } from './snapshots.js';
import { stateBytes } from './state-bytes.js';

/** How a lane's commands are run besides what they are. */
export interface CommandRules {
  readonly wrap?: WrapCommand;
  /** Aggregates whose states are kept; less in tests. */
  readonly kept?: number;
}

/**
 * Decides the commands of one lane, on whatever thread it lives: those of an aggregate in the order in which they came, on
 * the state that is kept of it. What a command has decided is applied to that at once, before it is in the log; the main
 * thread appends it at the version that it was decided on, or says that the state is to be forgotten. Nothing that is
 * kept here is needed for anything to be right.
 */
export class CommandRunner {
  readonly #types: readonly LaneAggregate[];
  readonly #setup: LaneSetup;
  readonly #codec: Codec;
  readonly #events: DecidedEvents;
  readonly #cell: LaneCell;
  readonly #answered: (answer: CommandAnswer) => void;
  readonly #actors: Actors<Item>;
  readonly #outbox: CommandOutbox;
  readonly #snapshots: LaneSnapshots;
  readonly #queue = new Ring<Item | PageOrder>();
  readonly #wishes = new Map<number, Wish>();
  readonly #clock = new TurnClock();
  #lastWish = 0;
  #toHeapLook = LANE_HEAP_LOOKS;
  #turn: NodeJS.Immediate | undefined;
  #isLate = false;

  /** @throws HandlerModuleInvalidError when an aggregate has an event type that the engine does not know. */
  constructor(
    setup: LaneSetup,
    aggregates: readonly Aggregate[],
    cell: LaneCell,
    answered: (answer: CommandAnswer) => void,
    { wrap, kept = LANE_AGGREGATES }: CommandRules = {},
  ) {
    this.#setup = setup;
    this.#types = laneAggregates(aggregates, setup.types, wrap);
    // Of its own: what it knows of shapes comes on another way than what the handlers know of them.
    this.#codec = new Codec(setup.shapes);
    this.#outbox = new CommandOutbox(this.#codec);
    this.#snapshots = new LaneSnapshots(this.#codec, (news) => this.#outbox.tell(news));
    this.#events = new DecidedEvents(new EmittedTypes(setup, this.#codec), this.#outbox.emissions);
    this.#cell = cell;
    this.#answered = answered;
    this.#actors = new Actors(kept);
  }

  get loaded(): readonly LoadedAggregate[] {
    return this.#types.map(({ aggregate }) => loadedAs(aggregate));
  }

  /** Milliseconds that commands have taken so far. */
  get worked(): number {
    return this.#clock.worked;
  }

  /** Takes orders in. Never throws. */
  take(mail: CommandMail): void {
    if (mail.shapes) this.#codec.learn(mail.shapes);
    const inputs = Buffer.from(mail.inputs.buffer, mail.inputs.byteOffset, mail.inputs.byteLength);
    let inputStart = 0;
    for (const order of mail.orders) {
      this.#queue.push(order.kind === 'page' ? order : { order, inputs, inputStart });
      if (order.kind === 'command') inputStart = order.inputEnd;
    }
    this.#pump();
  }

  /** Begins what may begin, until the turn of the event loop has been long enough. */
  #pump(): void {
    if (this.#isLate) return;
    this.#clock.begin(this.#turn === undefined);
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      if ('order' in next) this.#start(next);
      else this.#page(next);
      if (this.#clock.isOver() || this.#outbox.isFull) {
        this.#isLate = true;
        break;
      }
    }
    this.#clock.end();
    this.#answer();
    if (this.#isLate) this.#endTurn();
  }

  #answer(): void {
    const answer = this.#outbox.take();
    if (answer) this.#answered(answer);
  }

  /** Answers at the end of this turn of the event loop, and goes on in the next one. */
  #endTurn(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#isLate = false;
      this.#pump();
    });
  }

  #start(item: Item): void {
    this.#lookAtHeap();
    const actor = this.#actors.of(item.order.id);
    // A query sees what is there, also while a command is awaited.
    if (item.order.kind === 'forget') this.#drop(actor, item.order);
    const mayRun = actor.state === 'idle' || (actor.state === 'deciding' && item.order.kind === 'query');
    if (mayRun) this.#run(actor, item);
    else actor.waiting.push(item);
  }

  #run(actor: Actor<Item>, item: Item): void {
    const { order } = item;
    if (order.kind === 'forget') actor.forget();
    else this.#at(order, () => this.#obey(actor, item as AskingItem, order));
  }

  /** While functions of an aggregate may be on the stack, its thread may die, or not come back. */
  #at({ number }: CommandOrder | QueryOrder, work: () => void): void {
    this.#cell.during(number, this.#setup.handlerTimeoutMs, work);
  }

  /** Nobody waits any more for some of the aggregate's commands: what it awaits of them does not hold up the others. */
  #drop(actor: Actor<Item>, { first }: ForgetOrder): void {
    // Numbers begin anew some day.
    const isDropped = (number: number) => (number - first) >>> 0 < MAX_NUMBERS_BETWEEN;
    for (const item of actor.waiting.splice(0)) {
      const { order } = item;
      if (order.kind !== 'command' || !isDropped(order.number)) actor.waiting.push(item);
      else this.#fail(order, undefined, undefined);
    }
    const { awaited } = actor;
    if (awaited === undefined || !isDropped(awaited)) return;
    actor.awaited = undefined;
    actor.state = 'idle';
    this.#outbox.add({ kind: 'failed', number: awaited, version: undefined, ...faultOf(undefined) });
    this.#next(actor);
  }

  #obey(actor: Actor<Item>, item: AskingItem, order: CommandOrder | QueryOrder): void {
    const { aggregate } = this.#types[order.type] as LaneAggregate;
    try {
      if (actor.state === 'deciding') {
        const fold = actor.kept(aggregate, order.version);
        if (fold) this.#show(order as QueryOrder, fold);
        else this.#ask({ actor, item, fold: new Fold(aggregate, order.id), isAside: true });
        return;
      }
      const fold = actor.current(aggregate, order.version);
      if (!fold) this.#want({ actor, item, fold: actor.fold ?? actor.begin(aggregate) });
      else if (order.kind === 'query') this.#show(order, fold);
      else if (order.commandId !== undefined && actor.hasDone(order.commandId)) {
        const doneAt = actor.doneAt(order.commandId);
        const before = new CommandFold(aggregate, order.id, order.commandId, doneAt);
        this.#want({ actor, item, fold: before });
      } else this.#decide(actor, item as CommandItem, fold);
    } catch (error) {
      this.#fail(order, undefined, error);
    }
  }

  /** Goes on with the orders that have waited for another one of their aggregate, before all that came later. */
  #next(actor: Actor<Item>): void {
    for (const item of actor.waiting.splice(0).reverse()) this.#queue.unshift(item);
  }

  #want(wish: Wish): void {
    wish.actor.state = 'loading';
    this.#ask(wish);
  }

  #ask(wish: Wish): void {
    const number = ++this.#lastWish;
    this.#wishes.set(number, wish);
    this.#outbox.add({ kind: 'wanted', number, id: wish.actor.id, ...wantedFor(wish) });
  }

  #page({ number, page }: PageOrder): void {
    const wish = this.#wishes.get(number) as Wish;
    this.#wishes.delete(number);
    this.#at(wish.item.order, () => this.#take(wish, page));
    // Queries do not wait for a command that is awaited now.
    if (wish.actor.state !== 'loading') this.#next(wish.actor);
  }

  #take(wish: Wish, page: PageOrder['page']): void {
    const { actor, item, isAside } = wish;
    if (!isAside) actor.state = 'idle';
    try {
      if (page.kind === 'failed') throw decodeError(page.error);
      if (page.snapshot && !this.#restore(wish, page.snapshot)) this.#more({ ...wish, isFromFirst: true });
      else {
        const reader = { run: this.#setup.run, codec: this.#codec };
        foldPage(reader, this.#types[item.order.type] as LaneAggregate, wish, page.events);
        if (page.hasMore) this.#more(wish);
        else this.#loaded(wish);
      }
    } catch (error) {
      if (!isAside) actor.forget();
      this.#fail(item.order, undefined, error);
    }
  }

  #more(wish: Wish): void {
    if (wish.isAside) this.#ask(wish);
    else this.#want(wish);
  }

  #restore({ actor, item, fold, isAside }: Wish, snapshot: StateSnapshot): boolean {
    const isOwn = !isAside && !(fold instanceof CommandFold);
    return this.#snapshots.restore(item.order.type, isOwn ? actor : undefined, fold, snapshot);
  }

  #loaded({ actor, item, fold, isAside }: Wish): void {
    const { order } = item;
    if (!(fold instanceof CommandFold)) {
      // What a command has made of it may be in no log, and beside the actor nobody notes ids.
      const { type, id } = order;
      const snapshot = fold.isOfLog && !isAside ? this.#snapshots.due(type, actor, fold) : undefined;
      if (snapshot) this.#outbox.tell({ kind: 'made', type, id, position: fold.position, snapshot });
      // Whatever the log has is the truth, also when it is less than was thought.
      if (order.kind === 'query') this.#show(order, fold);
      else if (order.commandId !== undefined && actor.hasDone(order.commandId)) this.#run(actor, item);
      else this.#decide(actor, item as CommandItem, fold);
      return;
    }
    if (fold.last) this.#decide(actor, item as CommandItem, fold);
    else {
      // What was thought to be done was refused by the main thread.
      actor.forget();
      this.#run(actor, item);
    }
  }

  #decide(actor: Actor<Item>, item: CommandItem, fold: Fold | CommandFold): void {
    const { order, inputs, inputStart } = item;
    const { aggregate, deciders } = this.#types[order.type] as LaneAggregate;
    let decision: Decision | Promise<Decision>;
    try {
      const input =
        order.inputEnd === inputStart ? undefined : this.#codec.unpack(inputs, inputStart, order.inputEnd);
      decision = decided(
        deciders(order.name),
        { ...order, aggregate, aggregateId: order.id },
        fold.version,
        fold.state,
        input,
      );
    } catch (error) {
      this.#fail(order, decidedOn(fold), error);
      return;
    }
    if (!isThenable(decision)) {
      this.#settle(actor, order, fold, decision);
      return;
    }
    actor.state = 'deciding';
    actor.awaited = order.number;
    inTime(decision, order, this.#setup.handlerTimeoutMs).then(
      (decision) => this.#ended(actor, order, () => this.#settle(actor, order, fold, decision)),
      (error: unknown) => this.#ended(actor, order, () => this.#fail(order, decidedOn(fold), error)),
    );
  }

  #ended(actor: Actor<Item>, order: CommandOrder, settle: () => void): void {
    if (actor.awaited !== order.number) return;
    actor.awaited = undefined;
    actor.state = 'idle';
    this.#at(order, settle);
    this.#next(actor);
    this.#endTurn();
  }

  /** A command has decided: its events go to the main thread, and into the state that the next one sees. */
  #settle(actor: Actor<Item>, order: CommandOrder, fold: Fold | CommandFold, decision: Decision): void {
    const outbox = this.#outbox;
    const { number } = order;
    if (decision.kind === 'refused') {
      outbox.add({ kind: 'failed', number, version: decidedOn(fold), ...faultOf(decision.error, 'refused') });
      return;
    }
    const { reply, emitted } = decision;
    const start = outbox.emissions.end;
    const { replyEnd } = outbox;
    const { version } = fold;
    try {
      outbox.reply(`the reply of '${order.name}'`, reply);
      if (fold instanceof CommandFold) {
        const { version, position } = fold.last as NonNullable<typeof fold.last>;
        outbox.add({ kind: 'repeated', number, version, position, replyEnd: outbox.replyEnd });
        return;
      }
      const snapshot = emitted.length > 0 ? this.#apply(actor, order, fold, emitted) : undefined;
      const decided = { kind: 'decided', number, version, events: emitted.length } as const;
      outbox.add({ ...decided, replyEnd: outbox.replyEnd, ...(snapshot && { snapshot }) });
    } catch (error) {
      outbox.rewind(start, replyEnd);
      this.#fail(order, fold instanceof CommandFold ? undefined : version, error);
    }
  }

  #apply(
    actor: Actor<Item>,
    order: CommandOrder,
    fold: Fold,
    emitted: Extract<Decision, { readonly kind: 'decided' }>['emitted'],
  ): StateSnapshot | undefined {
    let isWhole = true;
    const events = this.#events.add(order, emitted, fold.version, () => {
      isWhole = false;
    });
    const type = this.#types[order.type] as LaneAggregate;
    fold.isOfLog = false;
    try {
      for (const event of events) {
        if (type.isOwn(event.type)) fold.evolve(event);
        fold.version = event.version;
      }
    } catch (error) {
      // Half of them may be in it.
      actor.forget();
      throw error;
    }
    // The next command waits for the log then, which has the positions.
    if (!isWhole) {
      actor.forget();
      return undefined;
    }
    for (const event of events) actor.note(event.eventId, event.version);
    return this.#snapshots.due(order.type, actor, fold);
  }

  #show(order: QueryOrder, fold: Fold): void {
    const { number } = order;
    const { version } = fold;
    try {
      this.#outbox.add({ kind: 'state', number, version, state: stateBytes(fold) });
    } catch (error) {
      this.#fail(order, version, error);
    }
  }

  #fail({ number }: CommandOrder | QueryOrder, version: number | undefined, thrown: unknown): void {
    this.#outbox.add({ kind: 'failed', number, version, ...faultOf(thrown) });
  }

  #lookAtHeap(): void {
    if (--this.#toHeapLook > 0) return;
    this.#toHeapLook = LANE_HEAP_LOOKS;
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    if (used > limit * LANE_AGGREGATE_HEAP_SHARE) this.#actors.shed();
  }
}
