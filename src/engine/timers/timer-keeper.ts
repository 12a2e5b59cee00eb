import type { RegisteredType } from '../../events/registry.js';
import { StoreCorruptError } from '../../kernel/errors.js';
import { type TimerCommand, type TimerOrders, tooManyTimers } from '../../lanes/timers/lane-timers.js';
import { MAX_TIMERS_PER_KEY } from '../../lanes/timers/limits.js';
import type { Store } from '../../store/store.js';
import {
  compareTimers,
  isSameTimer,
  type StoredTimer,
  type TimerChange,
  type TimerTicket,
} from '../../store/timer.js';
import type { NameEntry } from '../sequence/directory.js';
import { KeyTimers } from './key-timers.js';
import {
  KEY_SWEEP_STEPS,
  KEY_TIMERS,
  NEAR_TIMERS,
  UNSAVED_TIMER_BYTES,
  UNSAVED_TIMER_OVERHEAD,
} from './limits.js';
import { TicketHeap } from './ticket-heap.js';

/** What keeping timers needs. */
export interface TimerKeeperParts {
  readonly store: Store;
  /** What the log knew when it was opened. */
  readonly stored: { readonly timers: boolean; readonly lastName: number };
  /** By stored type id: those that are registered. */
  readonly types: readonly (RegisteredType | undefined)[];
  /** Tickets kept in memory; left out: `NEAR_TIMERS`. */
  readonly nearTimers?: number | undefined;
}

interface ChangedTimer {
  readonly key: KeyTimers;
  readonly name: string;
}

/**
 * The pending timers. The store has them all but for those that no commit has saved yet. In memory are tickets: of the
 * nearest ones in a heap, and of each key in use. A heap's ticket may be of a timer that is not there any more, or not as
 * it was; so whoever takes one out asks what is there now.
 */
export class TimerKeeper {
  readonly #parts: TimerKeeperParts;
  /** Tickets that the heap has at most when it is looked through, and those that are no reason to do so. */
  readonly #near: number;
  readonly #least: number;
  readonly #heap = new TicketHeap();
  /** The store has more behind this place, which the heap has not; undefined when the heap has all. */
  #horizon: TimerTicket | undefined;
  /** Size of the heap at which it is looked through. */
  #most: number;
  readonly #keys = new Map<number, KeyTimers>();
  #weight = 0;
  /** Goes round and round through them. */
  #hand: IterableIterator<KeyTimers> | undefined;
  /** Keys above this number have no timers in the store. */
  #lastStored: number;
  /** What has changed since the last commit was sent. */
  #changed: ChangedTimer[] = [];
  #changedBytes = 0;
  /** What the commits under way have, by their numbers. */
  readonly #saving = new Map<number, { readonly changed: readonly ChangedTimer[]; readonly bytes: number }>();
  #savingBytes = 0;
  /** Timers that could not be published, by key and name: they stay where they are until the log is opened again. */
  readonly #refused = new Map<string, TimerTicket>();

  constructor(parts: TimerKeeperParts) {
    this.#parts = parts;
    // A log in memory has nowhere else to keep them.
    const isAllInMemory = parts.store.location === 'memory';
    this.#least = parts.nearTimers ?? NEAR_TIMERS;
    this.#near = isAllInMemory ? Number.POSITIVE_INFINITY : this.#least;
    this.#most = 2 * this.#least;
    const { timers, lastName } = parts.stored;
    this.#lastStored = timers ? lastName : 0;
  }

  /** Reads the nearest timers of the log. */
  begin(): void {
    if (this.#parts.stored.timers) this.#read();
  }

  /** Whether no timer is waiting for its time. */
  get isIdle(): boolean {
    return this.#heap.size === 0 && this.#horizon === undefined;
  }

  /** Whether anything has changed that no commit has been given. */
  get isChanged(): boolean {
    return this.#changed.length > 0;
  }

  /** Whether lanes must wait for commits before they are given more. */
  get isFull(): boolean {
    return this.#changedBytes + this.#savingBytes > UNSAVED_TIMER_BYTES;
  }

  /** Why what an event wants cannot be; undefined when it can. */
  refusalOf(key: NameEntry, commands: readonly TimerCommand[]): Error | undefined {
    const { tickets } = this.#of(key.id, key.name);
    let count = tickets.size;
    for (const { kind, name } of commands) {
      const isThere = tickets.has(name);
      if (kind === 'schedule' && !isThere) count++;
      if (kind === 'cancel' && isThere) count--;
    }
    return count > MAX_TIMERS_PER_KEY ? tooManyTimers(key.name) : undefined;
  }

  /** Does what a finished event wants. */
  obey(key: NameEntry, position: number, { commands }: TimerOrders): void {
    const timers = this.#of(key.id, key.name);
    commands.forEach((command, number) => {
      const { name } = command;
      if (command.kind === 'cancel') {
        this.#remove(timers, name);
        return;
      }
      const { at, event } = command;
      this.#put(timers, { key: key.id, name, at, position, number, ...event });
    });
  }

  /** The ticket whose turn it is, if its time has come by then. It is asked for once. */
  due(by: number): TimerTicket | undefined {
    while (true) {
      const ticket = this.#heap.first;
      if (!ticket) {
        if (!this.#horizon) return undefined;
        this.#read();
        continue;
      }
      if (ticket.at > by) return undefined;
      this.#heap.pop();
      if (this.#isPending(ticket)) return ticket;
    }
  }

  /** When the next one may be due; undefined when there is none. */
  get next(): number | undefined {
    const { first } = this.#heap;
    if (first) return first.at;
    return this.#horizon?.at;
  }

  /** Puts a ticket back that was asked for too early. */
  putBack(ticket: TimerTicket): void {
    this.#heap.push(ticket);
  }

  /** A key's ticket whose turn it is, if its time has come by then. */
  dueOf(key: NameEntry, by: number): TimerTicket | undefined {
    if (key.id === 0) return undefined;
    return this.#of(key.id, key.name).first((ticket) => ticket.at <= by && this.#isKnown(ticket));
  }

  /** The timer of a ticket, with its event. @throws StoreCorruptError */
  timerOf({ key, name }: TimerTicket): StoredTimer {
    const unsaved = this.#keys.get(key)?.unsaved.get(name);
    const timer = unsaved ? unsaved.timer : this.#parts.store.reader.timer(key, name);
    if (timer) return timer;
    throw new StoreCorruptError(
      `Store ${this.#parts.store.location} is damaged: timer '${name}' of key ${key} is not there any more. Run 'millrace verify' on it, and restore it from a backup.`,
    );
  }

  /** The name of a ticket's key. */
  keyNameOf({ key }: TimerTicket): string {
    return this.#keys.get(key)?.keyName ?? this.#parts.store.reader.nameOf(key);
  }

  /** Its event has got its place in the log. */
  fired(ticket: TimerTicket): void {
    this.#remove(this.#of(ticket.key, this.keyNameOf(ticket)), ticket.name);
  }

  /** Its event cannot be published now. */
  refused(ticket: TimerTicket): void {
    this.#refused.set(placeOf(ticket), ticket);
  }

  /** Everything that has changed, for the commit of this number. */
  take(commit: number): TimerChange | undefined {
    if (this.#changed.length === 0) return undefined;
    const put: StoredTimer[] = [];
    const remove: { readonly key: number; readonly name: string }[] = [];
    for (const { key, name } of this.#changed) {
      const unsaved = key.unsaved.get(name);
      // It has changed twice, and is on the list twice.
      if (unsaved?.commit !== 0) continue;
      unsaved.commit = commit;
      if (unsaved.timer) put.push(unsaved.timer);
      else remove.push({ key: key.key, name });
    }
    this.#saving.set(commit, { changed: this.#changed, bytes: this.#changedBytes });
    this.#savingBytes += this.#changedBytes;
    this.#changed = [];
    this.#changedBytes = 0;
    return { put, remove };
  }

  /** The commits up to this number are done. */
  committed(commit: number): void {
    const saved = this.#saving.get(commit);
    if (!saved) return;
    this.#saving.delete(commit);
    this.#savingBytes -= saved.bytes;
    for (const { key, name } of saved.changed) {
      if (key.unsaved.get(name)?.commit === commit) key.unsaved.delete(name);
    }
  }

  #put(timers: KeyTimers, timer: StoredTimer): void {
    const { key, name, at, position, number, type } = timer;
    const ticket = { key, name, at, position, number, type };
    if (!timers.tickets.has(name)) this.#weight++;
    timers.tickets.set(name, ticket);
    this.#refused.delete(placeOf(ticket));
    this.#change(timers, name, timer);
    if (this.#horizon && compareTimers(ticket, this.#horizon) > 0) return;
    this.#heap.push(ticket);
    if (this.#heap.size > this.#most) this.#lookThrough();
  }

  #remove(timers: KeyTimers, name: string): void {
    if (!timers.tickets.delete(name)) return;
    this.#weight--;
    this.#change(timers, name, undefined);
  }

  #change(key: KeyTimers, name: string, timer: StoredTimer | undefined): void {
    key.unsaved.set(name, { timer, commit: 0 });
    this.#changed.push({ key, name });
    const length = timer ? timer.data.length + timer.metadata.length : 0;
    this.#changedBytes += length + UNSAVED_TIMER_OVERHEAD;
  }

  /** Leaves out tickets of what is not there any more, and of what the store has besides. */
  #lookThrough(): void {
    this.#horizon = this.#heap.keep((ticket) => this.#isCurrent(ticket), this.#near) ?? this.#horizon;
    this.#most = 2 * Math.max(this.#least, this.#heap.size);
  }

  /** Whether a ticket may be of a timer that is there: of a key that is not in use, only the store knows. */
  #isCurrent(ticket: TimerTicket): boolean {
    const timers = this.#keys.get(ticket.key);
    if (!timers) return true;
    const known = timers.tickets.get(ticket.name);
    return known !== undefined && isSameTimer(known, ticket);
  }

  #isPending(ticket: TimerTicket): boolean {
    if (!this.#isKnown(ticket)) return false;
    this.#of(ticket.key, this.keyNameOf(ticket));
    return this.#isCurrent(ticket);
  }

  /** Whether its event can be published. */
  #isKnown(ticket: TimerTicket): boolean {
    if (this.#parts.types[ticket.type] === undefined) return false;
    if (this.#refused.size === 0) return true;
    const refused = this.#refused.get(placeOf(ticket));
    return refused === undefined || !isSameTimer(refused, ticket);
  }

  /** Reads the nearest timers behind those that the heap has had. */
  #read(): void {
    const after = this.#horizon;
    const page = this.#parts.store.reader.timers({ ...(after && { after }), limit: this.#near });
    for (const ticket of page) this.#heap.push(ticket);
    this.#horizon = page.length < this.#near ? undefined : page.at(-1);
    // What is not saved yet is not among them.
    for (const { key, name } of this.#unsaved()) {
      const ticket = key.tickets.get(name);
      if (!ticket || (after && compareTimers(ticket, after) <= 0)) continue;
      if (!this.#horizon || compareTimers(ticket, this.#horizon) <= 0) this.#heap.push(ticket);
    }
    this.#most = 2 * Math.max(this.#least, this.#heap.size);
  }

  *#unsaved(): Generator<ChangedTimer> {
    for (const { changed } of this.#saving.values()) yield* changed;
    yield* this.#changed;
  }

  #of(key: number, keyName: string): KeyTimers {
    const known = this.#keys.get(key);
    if (known) return known;
    this.#trim();
    const timers = new KeyTimers(key, keyName);
    if (key <= this.#lastStored) {
      for (const ticket of this.#parts.store.reader.timersOf(key)) timers.tickets.set(ticket.name, ticket);
    }
    this.#keys.set(key, timers);
    this.#weight += 1 + timers.tickets.size;
    return timers;
  }

  /** Forgets keys while there are too many, a few at a time. What is not saved yet may pass the limit. */
  #trim(): void {
    for (let steps = KEY_SWEEP_STEPS; steps > 0 && this.#weight > KEY_TIMERS; steps--) {
      this.#hand ??= this.#keys.values();
      const { value: timers } = this.#hand.next();
      if (!timers) this.#hand = undefined;
      else if (timers.unsaved.size === 0) {
        this.#lastStored = Math.max(this.#lastStored, timers.key);
        this.#keys.delete(timers.key);
        this.#weight -= 1 + timers.tickets.size;
      }
    }
  }
}

function placeOf({ key, name }: TimerTicket): string {
  return `${key} ${name}`;
}
