import { Ring } from '../../kernel/ring.js';
import { FIRST_KEY_RUN, MAX_KEY_RUN } from '../../lanes/limits.js';
import type { Wave, Waves } from '../intake/waves.js';
import type { DataTimers } from '../timers/data-timers.js';
import type { NameEntry } from './directory.js';
import { type Taker, WaitingEvent } from './hub-slab.js';
import type { KeyRuns } from './key-runs.js';
import type { Prepared, RowFacts } from './row-facts.js';
import type { Sequencer } from './sequencer.js';

/** What the gate works with. */
export interface KeyGateParts {
  readonly sequencer: Sequencer;
  readonly waves: Waves;
  /** Left out when events must be durable before they are handled: those have their numbers first. */
  readonly runs: KeyRuns | undefined;
  readonly timers: DataTimers;
  /** Whether events of the key wait in the log, from before the engine was opened. */
  readonly hasBacklog: (key: string) => boolean;
  /** Whether the key is parked: its events get their numbers and stay in the log. */
  readonly isHeld: (key: string) => boolean;
  /** One more event of the key is unfinished, or one less; the owner counts and tells `began` and `ended`. */
  readonly begin: (key: NameEntry) => void;
  readonly end: (key: NameEntry) => void;
}

/** A command that waits for its key. It decides when the key is quiet, and keeps it so until its events are in. */
class WaitingHold {
  readonly go: () => void;
  readonly refuse: (error: Error) => void;
  /** How late it was in the data when it came. */
  readonly by: number;

  constructor(go: () => void, refuse: (error: Error) => void, by: number) {
    this.go = go;
    this.refuse = refuse;
    this.by = by;
  }
}

/** A command of the key's handlers. It comes before everything that was published, as what handlers emit does. */
class FirstHold extends WaitingHold {
  constructor(go: () => void) {
    // When an event's handlers end depends on the threads, so no timer is due before it.
    super(go, () => {}, Number.NEGATIVE_INFINITY);
  }
}

type Waiting = WaitingEvent | WaitingHold;

/** Most keys have few that wait. */
const QUEUE_ROOM = 4;

/** The events and commands of one key that wait. */
interface Queue {
  readonly list: Ring<Waiting>;
  /** Commands of its handlers, in order, once there are some: these come before all of the list. */
  first: Ring<FirstHold> | undefined;
  /** Events that may run as a batch next time: twice as many after a run that ran to its end. */
  run: number;
  running: boolean;
}

/**
 * Makes the order within a key independent of timing, in deterministic mode: an event comes behind everything that
 * was published before it in the key, and everything that this led to; else it would depend on the speed of the lanes
 * whether it comes before or after what a handler emits to the same key. So a published event gets its number only
 * when all of that has its own. Until then it waits here, or runs ahead of its number with others of its key: see
 * `KeyRuns`. Other keys are not held up. Waiting events count as in flight, so the gate is bounded like everything else.
 */
export class KeyGate {
  readonly #parts: KeyGateParts;
  readonly #queues = new Map<string, Queue>();
  readonly #unfinished = new Map<string, NameEntry>();
  /** Keys that became quiet and have events waiting. */
  readonly #quiet = new Set<string>();
  /** Keys with timers that are due, and the waves that wait for these. */
  readonly #due = new Map<string, Wave[]>();
  /** Keys that a command holds. */
  readonly #held = new Set<string>();
  #waiting = 0;

  constructor(parts: KeyGateParts) {
    this.#parts = parts;
  }

  /** Events that have no number yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Whether a published event must wait. Its time is reached with it: timers that are due by then fire before it.
   *
   * @param time the latest of those that come with it.
   */
  mustWait({ partitionKey: key }: RowFacts, time: number): boolean {
    this.reach(time);
    return this.#isWaiting(key);
  }

  /** So late it is in the data. What that makes due fires now where it may. */
  reach(time: number): void {
    const { timers, waves } = this.#parts;
    for (const key of timers.reach(time)) {
      this.#owe(key, waves.taking);
      this.#advanceKey(key);
    }
  }

  /** An event of the key, which is not finished yet, has scheduled timers. */
  scheduled({ name }: NameEntry, wave: Wave): void {
    const { timers } = this.#parts;
    if (timers.isDue(name, timers.now)) this.#owe(name, wave);
  }

  /**
   * Gives a kept event to its taker when its key is quiet. Its names are kept for it, so nothing refuses it then.
   *
   * @param wave that it has joined, and leaves then.
   * @throws what refuses the event: it does not wait then.
   */
  add(event: Prepared, taker: Taker, wave: Wave, mayRunAhead: boolean): void {
    const { sequencer, timers } = this.#parts;
    const names = sequencer.reserve(event);
    const waiting = new WaitingEvent(event, taker, wave, mayRunAhead, names, timers.now);
    this.#waiting++;
    this.#push(event.partitionKey, waiting);
  }

  /** Calls `go` when the key is quiet, now or later; from then on nothing of it comes in until `letGo`. */
  hold(key: string, go: () => void, refuse: (error: Error) => void): void {
    if (this.#isWaiting(key)) {
      this.#push(key, new WaitingHold(go, refuse, this.#parts.timers.now));
      return;
    }
    this.#held.add(key);
    go();
  }

  /** The same for a command that handlers of the key have sent: it comes before all but those. */
  holdFirst(key: string, go: () => void): void {
    const queue = this.#queueOf(key);
    queue.first ??= new Ring(QUEUE_ROOM);
    queue.first.push(new FirstHold(go));
    if (!this.#isBusy(key)) this.#quiet.add(key);
  }

  letGo(key: string): void {
    this.#held.delete(key);
    if (this.#queues.has(key) || this.#due.has(key)) this.#quiet.add(key);
  }

  /** The first event of the key is on its way to a lane. */
  began(key: NameEntry): void {
    this.#unfinished.set(key.name, key);
  }

  /** All events of the key are finished, or parked. */
  ended(key: NameEntry): void {
    this.#unfinished.delete(key.name);
    if (this.#queues.has(key.name) || this.#due.has(key.name)) this.#quiet.add(key.name);
  }

  /** Lets events of quiet keys in. Called between lane answers, when all that was emitted is sequenced. */
  advance(): void {
    for (const key of this.#quiet) {
      this.#quiet.delete(key);
      this.#advanceKey(key);
    }
  }

  /** Looks at every key again: some may have been waiting for the backlog alone. */
  recheck(): void {
    for (const key of this.#queues.keys()) this.#quiet.add(key);
    for (const key of this.#due.keys()) this.#quiet.add(key);
  }

  refuseAll(error: Error): void {
    const queues = [...this.#queues.values()];
    this.#queues.clear();
    this.#waiting = 0;
    this.#parts.runs?.refuseAll(error);
    // Commands of handlers are in the log, and nobody waits for an answer.
    for (const { list } of queues) {
      for (let waiting = list.shift(); waiting; waiting = list.shift()) {
        if (waiting instanceof WaitingHold) waiting.refuse(error);
        else waiting.taker.refuse(error);
      }
    }
  }

  #push(key: string, waiting: Waiting): void {
    this.#queueOf(key).list.push(waiting);
  }

  #queueOf(key: string): Queue {
    const known = this.#queues.get(key);
    if (known) return known;
    const queue: Queue = {
      list: new Ring(QUEUE_ROOM),
      first: undefined,
      run: FIRST_KEY_RUN,
      running: false,
    };
    this.#queues.set(key, queue);
    return queue;
  }

  #isWaiting(key: string): boolean {
    return this.#queues.has(key) || this.#isBusy(key) || this.#due.has(key);
  }

  #isBusy(key: string): boolean {
    return this.#unfinished.has(key) || this.#held.has(key) || this.#parts.hasBacklog(key);
  }

  #advanceKey(key: string): void {
    const queue = this.#queues.get(key);
    while (!this.#isBusy(key)) {
      const from = queue?.first?.size ? queue.first : queue?.list;
      const head = from?.peek();
      if (this.#fire(key, head)) continue;
      if (!queue || !head) break;
      const count = this.#runnable(key, queue);
      if (count > 1) this.#run(queue, count);
      else {
        from?.shift();
        if (head instanceof WaitingHold) {
          this.#held.add(key);
          head.go();
          continue;
        }
        queue.run = Math.min(MAX_KEY_RUN, queue.run + 1);
        this.#enter(head);
      }
    }
    if (queue && queue.list.size === 0 && !queue.first?.size && !queue.running) this.#queues.delete(key);
  }

  /**
   * Lets in the key's timer whose turn it is, if one comes before the event: it was due already when the event came. How
   * far the lanes were then does not matter: by now everything before the event is handled.
   */
  #fire(key: string, head: Waiting | undefined): boolean {
    const owed = this.#due.get(key);
    if (!owed) return false;
    const { timers, waves } = this.#parts;
    const [first] = owed;
    if (waves.within(first as Wave, () => timers.fire(key, head ? head.by : timers.now))) return true;
    if (timers.isDue(key, timers.now)) return false;
    this.#due.delete(key);
    for (const wave of owed) waves.leave(wave);
    return false;
  }

  /** The key has timers that are due: the wave waits for them. */
  #owe(key: string, wave: Wave): void {
    const owed = this.#due.get(key) ?? [];
    if (owed.includes(wave)) return;
    this.#parts.waves.join(wave);
    owed.push(wave);
    this.#due.set(key, owed);
  }

  #enter(waiting: WaitingEvent): void {
    const { sequencer, waves } = this.#parts;
    const { event, taker, wave, names } = waiting;
    sequencer.release(names);
    this.#waiting--;
    try {
      waves.within(wave, () => taker.accept(event));
    } catch (error) {
      taker.refuse(error);
    } finally {
      waves.leave(wave);
    }
  }

  #refuse(waiting: WaitingEvent, error: unknown): void {
    const { sequencer, waves } = this.#parts;
    sequencer.release(waiting.names);
    this.#waiting--;
    waves.leave(waiting.wave);
    waiting.taker.refuse(error);
  }

  /** Events at the head of the queue that may run ahead of their numbers. */
  #runnable(key: string, { list, first, run }: Queue): number {
    if (!this.#parts.runs || run < 2 || first?.size || this.#parts.isHeld(key)) return 0;
    let count = 0;
    while (count < run && canRunAhead(list.at(count))) {
      if (this.#due.has(key) && this.#parts.timers.isDue(key, (list.at(count) as WaitingEvent).by)) break;
      count++;
    }
    return count;
  }

  #run(queue: Queue, count: number): void {
    const list: WaitingEvent[] = [];
    while (list.length < count) list.push(queue.list.shift() as WaitingEvent);
    queue.running = true;
    let running: NameEntry | undefined;
    const { runs, begin, end } = this.#parts;
    runs?.begin(list, {
      began: (key) => {
        running = key;
        begin(key);
      },
      enter: (waiting) => this.#enter(waiting),
      refuse: (waiting, error) => this.#refuse(waiting, error),
      ended: (back) => {
        queue.running = false;
        queue.run = back.length > 0 ? 1 : Math.min(MAX_KEY_RUN, queue.run * 2);
        for (const waiting of back.toReversed()) queue.list.unshift(waiting);
        if (running) end(running);
      },
    });
  }
}

function canRunAhead(waiting: Waiting | undefined): boolean {
  return waiting instanceof WaitingEvent && waiting.mayRunAhead && waiting.event.type.handled;
}
