import type { TypedShape } from '../../events/emission.js';
import { LaneCrashedError, NotDeterministicError } from '../../kernel/errors.js';
import { onAbort } from '../../kernel/on-abort.js';
import type { CommandResult } from '../../lanes/aggregates/command-types.js';
import type { CommandAnswer, LoadedAggregate } from '../../lanes/aggregates/protocol.js';
import type { Judgement } from '../dispatch/judge.js';
import type { LaneSeat } from '../dispatch/lane-seat.js';
import { Admission, type Need } from '../intake/admission.js';
import type { Counters } from '../watch/counters.js';
import { Appending, type AppendingParts } from './appending.js';
import {
  AggregateQueue,
  type CommandCall,
  type Outcome,
  PendingCommand,
  PendingQuery,
  type QueryCall,
} from './command.js';
import type { CommandEnd } from './command-sender.js';
import { MAX_COMMAND_BYTES, MAX_COMMAND_DEATHS, MAX_COMMANDS, MAX_UNKNOWN_QUERY_DEATHS } from './limits.js';
import { type QueryEvents, Sending, type SendingParts } from './sending.js';

/** What the desk works with. */
export interface DeskParts extends Omit<SendingParts, 'hub'>, AppendingParts {
  readonly counters: Counters;
  /** Throws for a caller that must not wait for room, because the room has to come from it. */
  readonly checkWait: () => void;
  /** A lane has told of a payload's shape that has no number. */
  readonly unknownShape: (shape: TypedShape) => unknown;
}

/**
 * Where commands come in and go to the lanes of their aggregates, and what comes back of them. A command waits for room,
 * then stands in the queue of its aggregate until its events are appended, it was refused, or it has failed: in the order of
 * the calls. What a lane has decided counts if the aggregate is still where it was; else the lane forgets the aggregate,
 * and the command and all behind it are decided again.
 */
export class CommandDesk {
  readonly #parts: DeskParts;
  readonly #sending: Sending;
  readonly #appending: Appending;
  readonly admission: Admission;
  readonly #queues = new Map<string, AggregateQueue>();
  readonly #queryEvents: QueryEvents = {
    state: (query, value) => this.#answer(query, () => query.resolve(value)),
    failed: (query, error) => this.#answer(query, () => query.reject(error)),
  };
  #count = 0;
  #bytes = 0;
  #failure: Error | undefined;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.admission = new Admission((need) => this.#hasRoom(need), undefined, parts.checkWait);
    this.#sending = new Sending(parts);
    this.#appending = new Appending(parts, {
      accepted: (command) => this.#accepted(command),
      inVain: (command) => this.#again(command),
      // What appending throws is the engine's own; a rule of the mode is broken at every try.
      failed: (command, error) =>
        this.#fail(command, error, error instanceof NotDeterministicError ? 'final' : 'failed'),
    });
  }

  get aggregates(): readonly LoadedAggregate[] {
    return this.#parts.crew.aggregates;
  }

  /** Commands and queries in flight. */
  get count(): number {
    return this.#count;
  }

  /** Takes a command in when there is room, and resolves with what it came to. */
  execute(call: CommandCall): Promise<CommandResult> {
    const { waves } = this.#parts;
    const wave = waves.taking;
    const bytes = call.input?.length ?? 0;
    // Whoever waits for what was asked for by now waits for this one as well.
    waves.join(wave);
    return this.#whenRoom(
      { events: 1, bytes },
      call.signal,
      () =>
        new Promise((resolve, reject) => {
          this.#enter(new PendingCommand(call, this.#queueOf(call.id), wave, resolve, reject));
        }),
      () => waves.leave(wave),
      // Those of handlers wait for no room: what would have to make it may wait for them.
      call.sender !== undefined,
    );
  }

  /** Resolves with a copy of an aggregate's state. */
  query(call: QueryCall): Promise<unknown> {
    const { waves } = this.#parts;
    const wave = waves.taking;
    // So a close, which waits for what was asked for by now, does not leave it without an answer.
    waves.join(wave);
    return this.#whenRoom(
      { events: 1, bytes: 0 },
      call.signal,
      () =>
        new Promise((resolve, reject) => {
          const query = new PendingQuery(call, this.#queueOf(call.id), wave, resolve, reject);
          query.queue.queries.add(query);
          query.leave = onAbort(call.signal, (reason) => this.#answer(query, () => reject(reason)));
          if (!query.isOver) this.#sending.query(query);
        }),
      () => waves.leave(wave),
    );
  }

  /** A lane died, and is known for what. */
  lost(seat: LaneSeat, { command: number, guilty, error }: Judgement): void {
    const pending = this.#sending.lost(seat);
    const blamed = pending.get(number ?? 0);
    if (blamed instanceof PendingCommand && blamed.number === number) this.#blame(blamed, seat, error);
    const current = [...pending].flatMap(([sent, one]) => (one.number === sent ? one : []));
    const isUnknown = number === undefined && guilty.length === 0;
    if (isUnknown) {
      for (const one of current)
        if (one instanceof PendingCommand) this.#parts.suspects.add(one, seat.number);
    }
    for (const one of current) {
      if (one instanceof PendingQuery)
        this.#askAgain(one, one === blamed ? 'it' : isUnknown ? 'unknown' : 'another', error);
      else this.#again(one);
    }
  }

  /** Sends what has waited for a lane. */
  pump(): void {
    this.#sending.pump();
  }

  /** The engine closes: it takes nothing more in. */
  close(error: Error): void {
    this.admission.refuseAll(error);
  }

  /** The engine has failed: nobody hears anything better. */
  fail(error: Error): void {
    this.#failure = error;
    this.admission.refuseAll(error);
    this.#sending.stop();
    for (const { items, queries } of [...this.#queues.values()]) {
      for (const command of [...items]) this.#fail(command, error);
      for (const query of queries) this.#answer(query, () => query.reject(error));
    }
  }

  stop(): void {
    this.#sending.stop();
  }

  /** A lane has answered. */
  answered(seat: LaneSeat, answer: CommandAnswer): void {
    for (const shape of answer.unknownShapes) this.#parts.unknownShape(shape);
    for (const news of answer.snapshots ?? []) this.#parts.snapshots.heard(news);
    const queues = new Set<AggregateQueue>();
    this.#sending.answered(seat, answer, {
      settled: (command) => queues.add(command.queue),
      over: (queue) => queues.add(queue),
      ...this.#queryEvents,
    });
    for (const queue of queues) this.#advance(queue);
    this.#parts.crew.answered(seat);
    this.#parts.hub.pump();
  }

  #queueOf(id: string): AggregateQueue {
    const known = this.#queues.get(id);
    if (known) return known;
    const queue = new AggregateQueue(id);
    this.#queues.set(id, queue);
    return queue;
  }

  #enter(command: PendingCommand): void {
    const { call, queue } = command;
    if (call.sender?.heldKey === undefined || queue.items.length === 0) queue.items.push(command);
    else {
      // It keeps its key quiet, which the others wait for: to decide, or with what they have decided.
      this.#takeBack(queue);
      queue.items.unshift(command);
    }
    command.leave = onAbort(call.signal, (reason) => this.#fail(command, reason));
    if (command.isSettled) return;
    const refuse = (error: unknown) => this.#fail(command, error);
    const go = () => {
      if (command.isSettled) this.#appending.letGo(command);
      else {
        command.mayGo = true;
        // The first one may wait for the key that this one holds now: it decides again, and need not wait.
        if (command.heldKey !== undefined && queue.isAppending) this.#takeBack(queue);
        this.#sending.send(queue);
      }
    };
    try {
      this.#appending.hold(command, go, refuse);
    } catch (error) {
      this.#fail(command, error);
    }
  }

  /** All that were decided are to decide again. */
  #takeBack(queue: AggregateQueue): void {
    queue.isAppending = false;
    this.#sending.takeBack(queue, 0);
  }

  /** Settles what has been decided, in order, and sends what may follow. */
  #advance(queue: AggregateQueue): void {
    if (queue.isAdvancing) return;
    queue.isAdvancing = true;
    for (let head = queue.items[0]; head?.outcome && !queue.isAppending; head = queue.items[0]) {
      this.#appending.settle(head);
    }
    queue.isAdvancing = false;
    if (queue.isOver) this.#queues.delete(queue.id);
    else this.#sending.send(queue);
  }

  /** What a command has decided is in the log, or it has decided nothing: nothing takes that back. */
  #accepted(command: PendingCommand): void {
    const { queue } = command;
    queue.items.shift();
    queue.sent--;
    queue.isAppending = false;
    this.#tell(command);
    this.#over(command);
    this.#look(queue);
    this.#advance(queue);
  }

  /** Counts how a command has ended, and tells its sender. */
  #tell({ outcome, call }: PendingCommand): void {
    const { counters } = this.#parts;
    const end = endOf(outcome as Outcome);
    counters.commands[counterOf(end)]++;
    call.sender?.settled(end);
  }

  /** Something has become of a command: what queries saw may be in the log now, or is not to be. */
  #look(queue: AggregateQueue): void {
    this.#sending.queriesOf(queue, this.#queryEvents);
  }

  /** A command comes to nothing. What stands behind it may have been decided on what it would have done. */
  #fail(command: PendingCommand, error: unknown, end: CommandEnd = 'failed'): void {
    if (command.isSettled) return;
    const { queue } = command;
    const index = queue.items.indexOf(command);
    if (index < queue.sent) {
      if (index === 0) queue.isAppending = false;
      this.#sending.takeBack(queue, index);
    }
    queue.items.splice(index, 1);
    this.#over(command);
    this.#parts.counters.commands[counterOf(end)]++;
    command.call.sender?.settled(end);
    command.reject(error);
    this.#look(queue);
    this.#advance(queue);
  }

  /** A command and all behind it are to be decided again. */
  #again(command: PendingCommand): void {
    const { queue } = command;
    const index = queue.items.indexOf(command);
    if (index < 0 || command.number === 0) return;
    if (index === 0) queue.isAppending = false;
    this.#sending.takeBack(queue, index);
    this.#look(queue);
    this.#sending.send(queue);
  }

  #over(command: PendingCommand): void {
    command.isSettled = true;
    command.leave();
    this.#parts.suspects.delete(command);
    this.#appending.letGo(command);
    this.#parts.waves.leave(command.wave);
  }

  #blame(command: PendingCommand, seat: LaneSeat, error: Error): void {
    command.deaths++;
    const isCrash = error instanceof LaneCrashedError;
    if (!isCrash) this.#fail(command, error, 'ended-thread');
    else if (command.deaths >= MAX_COMMAND_DEATHS) this.#fail(command, error, 'final');
    else {
      // Those before it in its aggregate come first, so they run alone as well.
      const { items } = command.queue;
      for (const one of items.slice(0, items.indexOf(command) + 1)) {
        if (!one.outcome) this.#parts.suspects.add(one, seat.number);
      }
    }
  }

  /** A lane that had a query is dead. @param of what: an aggregate's own functions are called for its query. */
  #askAgain(query: PendingQuery, of: 'it' | 'another' | 'unknown', error: Error): void {
    if (of === 'it') query.deaths++;
    if (of === 'unknown') query.unknownDeaths++;
    const isOver = query.deaths >= MAX_COMMAND_DEATHS || query.unknownDeaths >= MAX_UNKNOWN_QUERY_DEATHS;
    // A thread that was ended because it did not come back would not the next time.
    if (isOver || (of === 'it' && !(error instanceof LaneCrashedError))) {
      this.#answer(query, () => query.reject(error));
    } else this.#sending.query(query);
  }

  #answer(query: PendingQuery, answer: () => void): void {
    if (query.isOver) return;
    query.isOver = true;
    query.leave();
    query.queue.queries.delete(query);
    if (query.queue.isOver) this.#queues.delete(query.queue.id);
    answer();
    this.#parts.waves.leave(query.wave);
  }

  /** Runs `enter` when there is room, which is taken until its promise settles. */
  #whenRoom<Result>(
    need: Need,
    signal: AbortSignal | undefined,
    enter: () => Promise<Result>,
    refused: () => void,
    isAdmitted = false,
  ): Promise<Result> {
    let hasEntered = false;
    const go = (): Promise<Result> => {
      hasEntered = true;
      this.#count++;
      this.#bytes += need.bytes;
      const result = enter();
      const leave = () => {
        this.#count--;
        this.#bytes -= need.bytes;
        this.admission.advance();
      };
      result.then(leave, leave);
      return result;
    };
    try {
      if (this.#failure) throw this.#failure;
      if (isAdmitted || this.admission.isOpenFor(need)) return go();
      const waiting = this.admission.enter(go, signal, { need });
      waiting.catch(() => {
        if (!hasEntered) refused();
      });
      return waiting;
    } catch (error) {
      if (!hasEntered) refused();
      return Promise.reject(error);
    }
  }

  #hasRoom({ bytes }: Need): boolean {
    // There who waits stands in the line of all who publish, which is the order of the calls.
    if (this.#parts.options.deterministic) return true;
    if (this.#count >= MAX_COMMANDS) return false;
    return this.#bytes === 0 || this.#bytes + bytes <= MAX_COMMAND_BYTES;
  }
}

function endOf(outcome: Outcome): CommandEnd {
  return outcome.kind === 'failed' ? outcome.fault : 'decided';
}

function counterOf(end: CommandEnd): 'executed' | 'refused' | 'failed' {
  if (end === 'decided') return 'executed';
  return end === 'refused' ? 'refused' : 'failed';
}
