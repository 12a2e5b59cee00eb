import type { SentCommand } from '../../events/sent-command.js';
import { UnknownAggregateError, UnknownCommandError } from '../../kernel/errors.js';
import { seededRandom } from '../../kernel/random.js';
import { pauseAfter, retryRuleOf } from '../../kernel/retry-rule.js';
import { Ring } from '../../kernel/ring.js';
import { toError } from '../../kernel/thrown.js';
import type { Time } from '../../kernel/time.js';
import { MAX_SENT_PER_EVENT } from '../../lanes/aggregates/limits.js';
import type { LoadedAggregate } from '../../lanes/aggregates/protocol.js';
import type { CommandChange, StoredCommand } from '../../store/command.js';
import type { Store } from '../../store/store.js';
import type { Wave, Waves } from '../intake/waves.js';
import type { NameEntry } from '../sequence/directory.js';
import type { KeyGate } from '../sequence/key-gate.js';
import type { Counters } from '../watch/counters.js';
import type { Notices } from '../watch/notices.js';
import type { CommandCall } from './command.js';
import type { CommandEnd } from './command-sender.js';
import { type HeldCommand, HeldCommands } from './held-commands.js';
import {
  MAX_COMMAND_DEATHS,
  MAX_SENT,
  MAX_SENT_AT_DESK,
  MAX_SENT_BYTES,
  SENT_PAGE,
  SENT_RETRIES,
} from './limits.js';
import { SentEntry } from './sent-command.js';
import { sentCommandId } from './sent-command-id.js';

/** What sending handlers' commands works with. */
export interface SentParts {
  readonly store: Store;
  /** What the log knew when it was opened. */
  readonly stored: { readonly run: string; readonly commands: number };
  readonly waves: Waves;
  readonly counters: Counters;
  readonly notices: Notices;
  readonly time: Time;
  readonly seed: string;
  /** In deterministic mode only. */
  readonly gate: KeyGate | undefined;
  readonly hub: {
    readonly failure: Error | undefined;
    pump(): void;
    fail(error: Error): void;
    flushed(): Promise<void>;
  };
}

/** Where commands are decided on. */
export interface SentDesk {
  readonly aggregates: readonly LoadedAggregate[];
  execute(call: CommandCall): Promise<unknown>;
}

/** What the log had when it was opened, as far as it is not over. */
interface Reading {
  /** Numbers up to here are read, of those up to `last`. */
  after: number;
  readonly last: number;
  isDone: boolean;
  /** A page is being entered. What is over by then would read the next one, and have it enter before the rest of this one. */
  isEntering: boolean;
  readonly wave: Wave;
  /** Those that are read and not over. */
  left: number;
  readonly done: () => void;
}

/** The event whose handlers have sent commands. */
export interface SendingEvent {
  readonly position: number;
  readonly wave: Wave;
  /** The modules that have it as an old event, and where these end for each; undefined: it is new to its handlers. */
  readonly asOld: readonly { readonly module: string; readonly last: number }[] | undefined;
}

const RULE = retryRuleOf({ retries: SENT_RETRIES }, () => {});

/**
 * The commands of handlers: stored with the progress of the event that led to them, given to the desk when that is durable,
 * and gone with the commit of what was decided. Each is decided on under a name of its own, so one that is sent twice is
 * done once. None waits for room, so that no event waits for a command that waits for it.
 */
export class SentCommands {
  readonly #parts: SentParts;
  #desk!: SentDesk;
  readonly #held = new HeldCommands();
  /** Those that may go to the desk, in order. */
  readonly #ready = new Ring<SentEntry>();
  #atDesk = 0;
  #number: number;
  /** Commands in memory that are not over, and bytes of their inputs. */
  #count = 0;
  #bytes = 0;
  /** What has changed since the last commit was sent, and what those under way have, by their numbers. */
  #put: SentEntry[] = [];
  #removed: number[] = [];
  readonly #saving = new Map<number, readonly SentEntry[]>();
  readonly #pauses = new Set<unknown>();
  #reading: Reading | undefined;
  #isStopped = false;

  constructor(parts: SentParts) {
    this.#parts = parts;
    this.#number = parts.stored.commands;
  }

  /** Given before anything can happen. */
  connect(desk: SentDesk): void {
    this.#desk = desk;
  }

  /** Begins with those that the log has. Resolves when they are over, or held. @throws StoreCorruptError */
  begin(): Promise<void> {
    const { waves, hub } = this.#parts;
    const last = this.#number;
    if (last === 0) return Promise.resolve();
    const wave = waves.taking;
    waves.join(wave);
    const { promise, resolve: done } = Promise.withResolvers<void>();
    this.#reading = { after: 0, last, isDone: false, isEntering: false, wave, left: 0, done };
    this.#readOn(this.#reading);
    this.#letIn();
    // What has become of them is to be durable, too.
    return promise.then(() => hub.flushed());
  }

  /** Whether anything has changed that no commit has been given. */
  get isChanged(): boolean {
    return this.#put.length > 0 || this.#removed.length > 0;
  }

  /** Whether there are so many that lanes are given no more events: these may send more, and none of those waits for them. */
  get isFull(): boolean {
    // In deterministic mode a command waits for the events of its key; there the events in flight are what bounds them.
    if (this.#parts.gate) return false;
    return this.#count > MAX_SENT || this.#bytes > MAX_SENT_BYTES;
  }

  /** Commands that are not over, held ones left out. */
  get pending(): number {
    return this.#count;
  }

  get heldCount(): number {
    return this.#held.count;
  }

  get held(): readonly HeldCommand[] {
    return this.#held.list;
  }

  /** Tries those that are held again. Returns how many. @throws StoreCorruptError: what was not read is still held. */
  retry(): number {
    const { store, waves } = this.#parts;
    const numbers = this.#held.numbers;
    const wanted = new Set(numbers);
    const last = numbers.at(-1) ?? 0;
    for (let after = (numbers[0] ?? 1) - 1; after < last; ) {
      const page = store.reader.commands({ after, limit: SENT_PAGE });
      after = page.at(-1)?.number ?? last;
      for (const stored of page) {
        if (!wanted.has(stored.number)) continue;
        const key = this.#keyOf(stored);
        this.#held.take(stored.number);
        this.#enter(new SentEntry(stored, waves.taking, true), key);
      }
    }
    this.#letIn();
    return numbers.length;
  }

  /** The handlers of an event, which is about to be finished, have sent commands. */
  sent(key: NameEntry, { position, wave, asOld }: SendingEvent, commands: readonly SentCommand[]): void {
    const counts = new Map<string, number>();
    for (const command of commands) {
      const index = counts.get(command.handler) ?? firstIndex(command.handler, asOld);
      counts.set(command.handler, index + 1);
      const stored = { ...command, number: ++this.#number, key: key.id, position, index };
      const entry = new SentEntry(stored, wave, false);
      this.#put.push(entry);
      this.#enter(entry, key.name);
    }
    this.#parts.counters.commands.sent += commands.length;
  }

  /** Everything that has changed, for the commit of this number. */
  take(commit: number): CommandChange | undefined {
    if (!this.isChanged) return undefined;
    const change = { put: this.#put.map(({ stored }) => stored), remove: this.#removed };
    this.#saving.set(commit, this.#put);
    this.#put = [];
    this.#removed = [];
    return change;
  }

  /** The commit of this number is done: what it has stored is on its way. */
  committed(commit: number): void {
    const saved = this.#saving.get(commit);
    if (!saved) return;
    this.#saving.delete(commit);
    for (const entry of saved) {
      entry.isSaved = true;
      this.#mayGo(entry);
    }
    this.#advance();
  }

  stop(): void {
    this.#isStopped = true;
    for (const pause of this.#pauses) this.#parts.time.clear(pause);
    this.#pauses.clear();
    this.#reading?.done();
  }

  /** Reads on while there is room; in deterministic mode all at once, before anything new of their keys. */
  #readOn(reading: Reading): void {
    const { store, gate } = this.#parts;
    const { wave, last } = reading;
    if (reading.isEntering) return;
    reading.isEntering = true;
    while (!reading.isDone && (gate || this.#count < SENT_PAGE)) {
      const page = store.reader.commands({ after: reading.after, limit: SENT_PAGE });
      reading.after = page.at(-1)?.number ?? last;
      reading.isDone = reading.after >= last;
      // What is behind was sent since, and is here already.
      const old = page.filter(({ number }) => number <= last);
      reading.left += old.length;
      for (const stored of old) this.#enter(new SentEntry(stored, wave, true, true), this.#keyOf(stored));
    }
    reading.isEntering = false;
    if (!reading.isDone || reading.left > 0 || this.#reading !== reading) return;
    this.#reading = undefined;
    this.#parts.waves.leave(wave);
    reading.done();
  }

  /** In deterministic mode those of the log wait in their keys. These may be quiet, and then nothing else looks at them. */
  #letIn(): void {
    const { gate, hub } = this.#parts;
    if (gate) queueMicrotask(() => hub.pump());
  }

  #keyOf({ key }: StoredCommand): string {
    return this.#parts.store.reader.nameOf(key);
  }

  /** A command is there. In deterministic mode it waits for its place in the key of its event. */
  #enter(entry: SentEntry, key: string): void {
    const { waves, gate } = this.#parts;
    waves.join(entry.wave);
    this.#count++;
    this.#bytes += entry.bytes;
    if (!gate) {
      entry.isNext = true;
      this.#mayGo(entry);
      return;
    }
    gate.holdFirst(key, () => {
      entry.heldKey = key;
      entry.isNext = true;
      this.#mayGo(entry);
    });
  }

  #mayGo(entry: SentEntry): void {
    if (!entry.isNext || !entry.isSaved) return;
    this.#ready.push(entry);
    this.#advance();
  }

  #advance(): void {
    while (!this.#isStopped && this.#atDesk < MAX_SENT_AT_DESK) {
      const entry = this.#ready.shift();
      if (!entry) break;
      this.#go(entry);
    }
  }

  #go(entry: SentEntry): void {
    const { waves, stored: log } = this.#parts;
    const { stored } = entry;
    const type = this.#desk.aggregates.findIndex(({ name }) => name === stored.aggregate);
    const unknown = this.#unknown(stored, type);
    if (unknown) {
      this.#hold(entry, unknown);
      return;
    }
    this.#atDesk++;
    entry.tries++;
    entry.end = undefined;
    const commandId = sentCommandId(log.run, stored);
    const call = entry.call(type, commandId, (end) => this.#settled(entry, end));
    waves
      .within(entry.wave, () => this.#desk.execute(call))
      .then(
        () => this.#left(),
        (error: unknown) => {
          this.#failed(entry, toError(error));
          this.#left();
        },
      );
  }

  #left(): void {
    this.#atDesk--;
    this.#advance();
  }

  /** Why no lane can decide on it. */
  #unknown({ aggregate, command }: StoredCommand, type: number): Error | undefined {
    const details = { aggregate, command };
    const known = this.#desk.aggregates[type];
    if (!known) {
      return new UnknownAggregateError(
        `Aggregate '${aggregate}' is on no lane, and a handler has sent it '${command}'. Add its module to the option aggregates of openEngine.`,
        { details },
      );
    }
    if (known.commands.includes(command)) return undefined;
    return new UnknownCommandError(
      `Aggregate '${aggregate}' has no command '${command}', and a handler has sent it one.`,
      { details },
    );
  }

  /** What is an answer ends the command, in the commit of the command's events: nothing takes it back. */
  #settled(entry: SentEntry, end: CommandEnd): void {
    entry.end = end;
    if (end === 'ended-thread') entry.endedThreads++;
    if (end !== 'decided' && end !== 'refused') return;
    this.#removed.push(entry.stored.number);
    this.#over(entry);
  }

  /** It has failed, or was refused. */
  #failed(entry: SentEntry, error: Error): void {
    const { hub, notices, time, seed } = this.#parts;
    if (this.#isStopped || hub.failure) return;
    const { aggregate, aggregateId, command, position, handler, number } = entry.stored;
    if (entry.end === 'refused') {
      notices.send({ kind: 'command-refused', aggregate, aggregateId, command, position, handler, error });
      return;
    }
    // What a thread died of, alone, was tried twice by now.
    const isFinal = entry.end === 'final' || entry.endedThreads >= MAX_COMMAND_DEATHS;
    if (isFinal || entry.tries > RULE.retries) {
      this.#hold(entry, error);
      return;
    }
    const random = () => seededRandom(JSON.stringify([seed, 'command', number, entry.tries]))();
    const pause = time.set(
      () => {
        this.#pauses.delete(pause);
        this.#mayGo(entry);
      },
      pauseAfter(entry.tries, RULE, random),
    );
    this.#pauses.add(pause);
  }

  /** It stays in the log, and holds up nobody. */
  #hold(entry: SentEntry, error: Error): void {
    const { notices } = this.#parts;
    const held = this.#held.add(entry.stored, entry.tries, error);
    this.#over(entry);
    notices.send({ kind: 'command-held', ...held });
  }

  /** Nothing waits for it any more. */
  #over(entry: SentEntry): void {
    const { waves, gate, hub } = this.#parts;
    const wasFull = this.isFull;
    this.#count--;
    this.#bytes -= entry.bytes;
    if (entry.heldKey !== undefined) gate?.letGo(entry.heldKey);
    if (entry.heldKey !== undefined || (wasFull && !this.isFull)) queueMicrotask(() => hub.pump());
    waves.leave(entry.wave);
    const reading = this.#reading;
    if (!reading || !entry.isOld) return;
    reading.left--;
    try {
      this.#readOn(reading);
    } catch (error) {
      hub.fail(toError(error));
    }
  }
}

/**
 * The number of a module's first command for an event. One for an old event is none of those that the module has sent when
 * the event was new, by another handler, or when its old events were others.
 */
function firstIndex(handler: string, asOld: SendingEvent['asOld']): number {
  const last = asOld?.find(({ module }) => module === handler)?.last ?? 0;
  return last * MAX_SENT_PER_EVENT;
}
