import { setImmediate } from 'node:timers';
import { deserialize } from 'node:v8';
import type { Codec } from '../../events/codec.js';
import { decodeError } from '../../kernel/error-codec.js';
import { ConcurrencyError, HandlerTimeoutError, InvalidStateError } from '../../kernel/errors.js';
import { messageOf } from '../../kernel/thrown.js';
import type { Time } from '../../kernel/time.js';
import type { CommandAnswer, CommandOutcome } from '../../lanes/aggregates/protocol.js';
import { TIMEOUT_GRACE_MS } from '../../limits.js';
import type { CheckedOptions } from '../check-options.js';
import { EmissionsByCause, NO_EMISSIONS } from '../dispatch/emission-check.js';
import type { LaneCrew } from '../dispatch/lane-crew.js';
import type { LaneSeat } from '../dispatch/lane-seat.js';
import type { AggregateQueue, Outcome, PendingCommand, SeenState } from './command.js';
import { PendingQuery } from './command.js';
import { MAX_COMMAND_RUNS } from './limits.js';
import { type PageParts, pageFor } from './pages.js';
import { SeatCommands } from './seat-commands.js';
import type { CommandSuspects } from './suspects.js';

/** What sending commands works with. */
export interface SendingParts extends PageParts {
  readonly crew: LaneCrew;
  readonly codec: Codec;
  readonly suspects: CommandSuspects;
  readonly options: CheckedOptions;
  readonly time: Time;
}

/** What comes of queries. */
export interface QueryEvents {
  state(query: PendingQuery, state: unknown): void;
  failed(query: PendingQuery, error: Error): void;
}

/** What comes of orders. */
export interface SendingEvents extends QueryEvents {
  /** A command has an outcome. */
  settled(command: PendingCommand): void;
  /** An order was answered that does not count any more. */
  over(queue: AggregateQueue): void;
}

const MAX_NUMBER = 2 ** 32 - 2;

/**
 * Sends commands to the lanes of their aggregates, and takes the answers apart. The orders of an aggregate are on one lane
 * at a time; all that are given in one turn of the event loop go in one message.
 */
export class Sending {
  readonly #parts: SendingParts;
  readonly #seats = new Map<LaneSeat, SeatCommands>();
  /** Queues and queries that wait for a lane. */
  readonly #stalled = new Set<AggregateQueue | PendingQuery>();
  #flush: NodeJS.Immediate | undefined;
  #number = 0;
  #isStopped = false;

  constructor(parts: SendingParts) {
    this.#parts = parts;
  }

  /** Sends what may be sent of an aggregate's commands. */
  send(queue: AggregateQueue): void {
    while (queue.sent < queue.items.length) {
      const command = queue.items[queue.sent] as PendingCommand;
      if (!command.mayGo || isDoneAlready(queue, command)) return;
      const seat = queue.seat ?? this.#seatOf(queue.id);
      if (!seat || seat.retiring || !this.#mayTake(seat, command)) {
        this.#stalled.add(queue);
        return;
      }
      queue.sent++;
      command.seat = seat;
      command.number = this.#nextNumber();
      this.#order(seat, command.number, command);
      if (command.suspectOn !== undefined) seat.aloneCommand = command.number;
    }
  }

  query(query: PendingQuery): void {
    const seat = query.queue.seat ?? this.#seatOf(query.queue.id);
    if (!seat || seat.retiring || this.#parts.suspects.has(seat.number)) {
      this.#stalled.add(query);
      return;
    }
    query.generation = query.queue.generation;
    query.number = this.#nextNumber();
    this.#order(seat, query.number, query);
  }

  /** Answers the queries whose answer was ahead of the log, or asks again when that is not to be in it. */
  queriesOf(queue: AggregateQueue, events: QueryEvents): void {
    if (this.#isStopped) return;
    for (const query of queue.queries) if (query.seen) this.#look(query, query.seen, events);
  }

  /** Nothing that was sent from a place in the queue on counts any more: the lanes forget what they made of it. */
  takeBack(queue: AggregateQueue, from: number): void {
    const firsts = new Map<LaneSeat, number>();
    for (const command of queue.items.slice(from, queue.sent)) {
      const { seat, number } = command;
      if (seat && !firsts.has(seat)) firsts.set(seat, number);
      command.number = 0;
      command.outcome = undefined;
    }
    queue.sent = Math.min(queue.sent, from);
    queue.generation++;
    for (const [seat, first] of firsts) {
      if (seat.state === 'open') this.#post(seat).add({ kind: 'forget', id: queue.id, first });
    }
  }

  /** Sends what has waited for a lane. */
  pump(): void {
    if (this.#stalled.size === 0) return;
    const stalled = [...this.#stalled];
    this.#stalled.clear();
    for (const one of stalled) {
      if (!(one instanceof PendingQuery)) this.send(one);
      else if (!one.isOver) this.query(one);
    }
  }

  /** A lane is dead. Returns what it had, by number; what does not count any more is there, too. */
  lost(seat: LaneSeat): ReadonlyMap<number, PendingCommand | PendingQuery> {
    const post = this.#seats.get(seat);
    this.#parts.time.clear(post?.watch);
    const sent = post?.sent ?? new Map<number, PendingCommand | PendingQuery>();
    this.#seats.delete(seat);
    seat.commands = 0;
    seat.aloneCommand = undefined;
    for (const { queue } of sent.values()) this.#answeredOf(queue);
    return sent;
  }

  stop(): void {
    this.#isStopped = true;
    this.#stalled.clear();
    clearImmediate(this.#flush);
    for (const { watch } of this.#seats.values()) this.#parts.time.clear(watch);
  }

  answered(seat: LaneSeat, answer: CommandAnswer, events: SendingEvents): void {
    const sent = this.#seats.get(seat)?.sent;
    if (this.#isStopped || seat.state === 'ended' || !sent) return;
    const parts = new AnswerParts(answer);
    for (const outcome of answer.outcomes) {
      if (outcome.kind === 'wanted') {
        this.#sendPage(seat, outcome);
        continue;
      }
      const one = sent.get(outcome.number);
      const made = parts.of(outcome);
      if (!one) continue;
      sent.delete(outcome.number);
      seat.commands--;
      if (seat.aloneCommand === outcome.number) seat.aloneCommand = undefined;
      this.#answeredOf(one.queue);
      if (one.number !== outcome.number) events.over(one.queue);
      else if (one instanceof PendingQuery) this.#show(one, outcome, events);
      else if (made) {
        // It came back alive.
        this.#parts.suspects.delete(one);
        one.outcome = made;
        events.settled(one);
      }
    }
    if (this.#stalled.size > 0) queueMicrotask(() => this.pump());
  }

  #show(query: PendingQuery, outcome: CommandOutcome, events: SendingEvents): void {
    const { queue } = query;
    if (query.isOver) {
      events.over(queue);
      return;
    }
    if (outcome.kind === 'failed') {
      events.failed(query, decodeError(outcome.error));
      return;
    }
    if (outcome.kind === 'state') this.#look(query, outcome, events);
  }

  #look(query: PendingQuery, seen: SeenState, events: QueryEvents): void {
    const { queue } = query;
    query.seen = undefined;
    if (query.generation === queue.generation) {
      if (queue.isInLog(seen.version)) show(query, seen, events);
      else query.seen = seen;
      return;
    }
    query.runs++;
    if (query.runs >= MAX_COMMAND_RUNS) {
      const text = `A query of '${queue.id}' saw ${query.runs} times what was not in the log. Ask again.`;
      events.failed(query, new ConcurrencyError(text, { details: { aggregateId: queue.id } }));
    } else this.query(query);
  }

  #answeredOf(queue: AggregateQueue): void {
    queue.unanswered--;
    if (queue.unanswered === 0) queue.seat = undefined;
  }

  /** The lane of an aggregate, if it takes orders now. */
  #seatOf(id: string): LaneSeat | undefined {
    const { seats, threads } = this.#parts.crew;
    const seat = seats[hashOf(id) % Math.max(1, threads)];
    return seat?.state === 'open' && !seat.retiring ? seat : undefined;
  }

  /** Suspects run alone, and before anything else. */
  #mayTake(seat: LaneSeat, command: PendingCommand): boolean {
    const { suspects } = this.#parts;
    // One that stands before a suspect in its aggregate comes first, and would wait for that one's lane: it runs alone as well.
    if (suspects.has(seat.number) && isBeforeSuspect(command.queue)) suspects.add(command, seat.number);
    if (command.suspectOn === undefined) return !suspects.has(seat.number) && seat.suspects.length === 0;
    suspects.add(command, seat.number);
    return seat.commands === 0 && seat.sent.count === 0 && seat.suspects.length === 0;
  }

  #order(seat: LaneSeat, number: number, one: PendingCommand | PendingQuery): void {
    const { directory } = this.#parts;
    const post = this.#post(seat);
    const { call, queue } = one;
    const version = directory.versionOf(call.id);
    post.sent.set(number, one);
    seat.commands++;
    queue.unanswered++;
    queue.seat = seat;
    if (call.kind === 'query') {
      const { type, id } = call;
      post.add({ kind: 'query', number, type, id, version });
      return;
    }
    const { type, id, name, commandId, time, carrier, input, sender } = call;
    const inputEnd = post.inputEnd(input);
    const cause = sender && { causationId: sender.causationId, correlationId: sender.correlationId };
    const order = { number, type, id, name, version, time, commandId, carrier, cause, inputEnd };
    post.add({ kind: 'command', ...order }, input);
  }

  /** What goes to a lane with the next message, which goes at the end of this turn of the event loop. */
  #post(seat: LaneSeat): SeatCommands {
    this.#flush ??= setImmediate(() => {
      this.#flush = undefined;
      const { shapes } = this.#parts.codec;
      for (const [seat, post] of this.#seats) {
        if (seat.state === 'ended') this.#seats.delete(seat);
        const mail = seat.state === 'open' ? post.take(shapes) : undefined;
        if (!mail) continue;
        seat.lane.commands?.take(mail);
        this.#watch(seat, post);
      }
    });
    const known = this.#seats.get(seat);
    if (known) return known;
    const post = new SeatCommands(seat.shapesAtOpening);
    this.#seats.set(seat, post);
    return post;
  }

  /** Looks whether a command or a query keeps its thread for too long. A command that awaits is ended by its lane. */
  #watch(seat: LaneSeat, post: SeatCommands): void {
    const { options, time } = this.#parts;
    const { handlerTimeoutMs } = options;
    if (handlerTimeoutMs === undefined || !seat.onThread || post.watch !== undefined) return;
    post.watch = time.set(() => {
      post.watch = undefined;
      if (this.#isStopped || seat.state !== 'open' || seat.commands === 0) return;
      const { cell } = seat.lane;
      const { command } = cell;
      if (command === undefined || !cell.isCommandOverdue(time.steady() - TIMEOUT_GRACE_MS)) {
        this.#watch(seat, post);
        return;
      }
      const error = new HandlerTimeoutError(
        `A command or a query on lane ${seat.number} did not end within the ${handlerTimeoutMs} ms of handlerTimeoutMs and the ${TIMEOUT_GRACE_MS} ms after it, so its thread was ended.`,
        { details: { lane: seat.number } },
      );
      seat.verdict = { guilty: [], suspects: [], command, error };
      this.#parts.crew.lost(seat, error);
    }, handlerTimeoutMs + TIMEOUT_GRACE_MS);
  }

  async #sendPage(seat: LaneSeat, wanted: CommandOutcome & { readonly kind: 'wanted' }): Promise<void> {
    const page = await pageFor(this.#parts, wanted);
    if (!this.#isStopped && seat.state === 'open') this.#post(seat).add(page);
  }

  #nextNumber(): number {
    this.#number = (this.#number % MAX_NUMBER) + 1;
    return this.#number;
  }
}

function show(query: PendingQuery, { state }: SeenState, events: QueryEvents): void {
  let value: unknown;
  try {
    value = deserialize(state);
  } catch (error) {
    // This thread's stack may be smaller than the lane's.
    const { id } = query.queue;
    const text = `The state of '${id}' cannot be read on the thread of its query: ${messageOf(error)}. Make it less deep.`;
    events.failed(query, new InvalidStateError(text, { cause: error, details: { aggregateId: id } }));
    return;
  }
  events.state(query, value);
}

/** A lane's answer, outcome by outcome. */
class AnswerParts {
  readonly #emissions: EmissionsByCause | undefined;
  readonly #replies: Buffer;
  #replyEnd = 0;

  constructor({ emitted, replies }: CommandAnswer) {
    this.#emissions = emitted && new EmissionsByCause(emitted);
    this.#replies = Buffer.from(replies.buffer, replies.byteOffset, replies.byteLength);
  }

  /** What is of a command; to be asked for in the order of the answer. */
  of(outcome: CommandOutcome): Outcome | undefined {
    switch (outcome.kind) {
      case 'decided': {
        const { number, version, replyEnd, snapshot } = outcome;
        const emissions = outcome.events === 0 ? NO_EMISSIONS : (this.#emissions?.of(number) ?? NO_EMISSIONS);
        return {
          kind: 'decided',
          version,
          reply: this.#reply(replyEnd),
          emissions,
          bytes: this.#emissions?.bytes,
          snapshot,
        };
      }
      case 'repeated': {
        const { version, position, replyEnd } = outcome;
        return { kind: 'repeated', version, position, reply: this.#reply(replyEnd) };
      }
      case 'failed':
        return {
          kind: 'failed',
          version: outcome.version,
          fault: outcome.fault,
          error: outcome.error,
        };
      default:
        return undefined;
    }
  }

  #reply(end: number): Buffer | undefined {
    const start = this.#replyEnd;
    this.#replyEnd = end;
    return start === end ? undefined : this.#replies.subarray(start, end);
  }
}

/** Whether there is a suspect behind the one that is sent next. */
function isBeforeSuspect({ items, sent }: AggregateQueue): boolean {
  for (let index = sent + 1; index < items.length; index++) {
    if (items[index]?.suspectOn !== undefined) return true;
  }
  return false;
}

/** Whether a command waits for one of the same id: what that comes to is what this one repeats. */
function isDoneAlready({ items, sent }: AggregateQueue, { call }: PendingCommand): boolean {
  if (call.commandId === undefined) return false;
  for (let index = 0; index < sent; index++) {
    if (items[index]?.call.commandId === call.commandId) return true;
  }
  return false;
}

/** FNV-1a, so that equal aggregates have the same lane each time. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
