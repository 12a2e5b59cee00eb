import type { ConsumerLink } from '../../consumers/link.js';
import type { Shape } from '../../events/shape-index.js';
import { outside } from '../../kernel/async-context.js';
import { ACCEPT_CLOCK_READS, COMMITS_IN_FLIGHT } from '../../limits.js';
import type { Meters } from '../../observe/meters.js';
import type { CommandChange } from '../../store/command.js';
import type { ConsumerChange } from '../../store/consumer.js';
import type { DeadLetterChange, DeadLetterRecord, SettledLetter } from '../../store/dead-letter.js';
import type { Progress } from '../../store/progress.js';
import type { Segment, Store } from '../../store/store.js';
import type { Snapshots } from '../commands/snapshots.js';
import type { HubSlab } from '../sequence/hub-slab.js';
import type { StateKeeper } from '../states/state-keeper.js';
import type { TimerKeeper } from '../timers/timer-keeper.js';

/** A segment of the hub's own slabs. */
export interface HubSegment extends Segment {
  readonly slab: HubSlab;
  readonly from: number;
  to: number;
  /** When its first row was accepted, by `performance.now()`. */
  readonly acceptedAt: number;
}

/** Commands of handlers, as far as commits have to do with them. */
export interface SavedCommands {
  /** Whether anything has changed that no commit has been given. */
  readonly isChanged: boolean;
  take(commit: number): CommandChange | undefined;
  committed(commit: number): void;
}

/** What is kept beside the log, and saved with it. */
export interface KeptParts {
  readonly states: StateKeeper;
  readonly timers: TimerKeeper;
  readonly snapshots: Snapshots;
  readonly sent: SavedCommands;
}

/** What the hub wants to know of commits. */
export interface CommitEvents {
  /** A batch is being sent; the returned function is called once it is committed. */
  sending(): () => void;
  /** Payload shapes that are new since the last call. */
  newShapes(): readonly Shape[];
  /** Rows are durable. */
  committed(segments: readonly HubSegment[]): void;
  failed(error: Error): void;
}

/**
 * Gathers rows and progress into commit messages. At most `COMMITS_IN_FLIGHT` are under way; what comes
 * meanwhile goes into the next one, so commits grow with the load by themselves. Everything that is added in
 * one turn of the event loop lies in one message, and a message is never split: that makes a lane's emitted
 * events and its progress one transaction.
 */
export class CommitQueue {
  readonly #store: Store;
  readonly #progress: Progress;
  readonly #meters: Meters;
  readonly #events: CommitEvents;
  readonly #consumers: ConsumerLink;
  readonly #states: StateKeeper;
  readonly #timers: TimerKeeper;
  readonly #snapshots: Snapshots;
  readonly #sent: SavedCommands;
  #segments: HubSegment[] = [];
  #buried: DeadLetterRecord[] = [];
  #raised: SettledLetter[] = [];
  /** What each commit under way changes of dead letters. */
  readonly #changing = new Set<DeadLetterChange>();
  #inFlight = 0;
  #added = 0;
  #now = 0;
  #scheduled = false;
  #stopped = false;
  /** Commits that were sent, and that are done. */
  commits = 0;
  #done = 0;
  #waiting: { readonly until: number; readonly wake: () => void }[] = [];

  constructor(
    store: Store,
    progress: Progress,
    meters: Meters,
    consumers: ConsumerLink,
    { states, timers, snapshots, sent }: KeptParts,
    events: CommitEvents,
  ) {
    this.#consumers = consumers;
    this.#states = states;
    this.#timers = timers;
    this.#snapshots = snapshots;
    this.#sent = sent;
    this.#meters = meters;
    this.#store = store;
    this.#progress = progress;
    this.#events = events;
  }

  /** Whether everything added is committed. */
  get isIdle(): boolean {
    return this.#inFlight === 0 && this.#isEmpty;
  }

  /** Resolves when everything added so far is committed, or nothing is sent any more; with whether it is committed. */
  async flushed(): Promise<boolean> {
    const until = this.commits + (this.#isEmpty ? 0 : 1);
    if (this.#done < until && !this.#stopped) {
      this.schedule();
      await new Promise<void>((wake) => this.#waiting.push({ until, wake }));
    }
    return this.#done >= until;
  }

  /** A dead letter goes into the same transaction as everything else that happens now. */
  bury(letter: DeadLetterRecord): void {
    this.#buried.push(letter);
    this.schedule();
  }

  /** A dead letter was handled after all, or given up, by those whose it is. */
  raise({ position, owners }: SettledLetter): void {
    this.#raised.push({ position, owners });
    this.schedule();
  }

  /** Whether what the store says of a dead letter is not what has become of it. */
  isChanging(position: number): boolean {
    const isThis = (letter: { readonly position: number }) => letter.position === position;
    const changes = [{ put: this.#buried, remove: this.#raised }, ...this.#changing];
    return changes.some(({ put, remove }) => put.some(isThis) || remove.some(isThis));
  }

  /** Adds a row, by default the one that was written last into `slab`. */
  add(slab: HubSlab, row = slab.rows - 1): void {
    const last = this.#segments.at(-1);
    slab.holds++;
    if (!last || ++this.#added % ACCEPT_CLOCK_READS === 0) this.#now = performance.now();
    slab.acceptedAt[row] = this.#now;
    if (last && last.slab === slab && last.to === row) last.to = row + 1;
    else this.#segments.push({ slab, from: row, to: row + 1, acceptedAt: this.#now });
    this.schedule();
  }

  /** Sends what there is at the end of the running turn, if a commit may be sent. */
  schedule(): void {
    if (this.#scheduled || this.#inFlight >= COMMITS_IN_FLIGHT) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /**
   * Sends what there is now. Never called between the parts of one lane result. Everything that follows a commit, the
   * subscribers too, happens in nobody's async context: whoever came first must not lend theirs to the others.
   */
  flush(): void {
    outside(this.#send);
  }

  readonly #send = (): void => {
    if (this.#stopped || this.#isEmpty || this.#inFlight >= COMMITS_IN_FLIGHT) return;
    const segments = this.#segments;
    this.#segments = [];
    const progress = this.#progress.changed ? this.#progress.take() : undefined;
    const settled = this.#events.sending();
    this.#inFlight++;
    const number = ++this.commits;
    const states = this.#states.take(number);
    const timers = this.#timers.take(number);
    const snapshots = this.#snapshots.take();
    const commands = this.#sent.take(number);
    const shapes = this.#events.newShapes();
    const sentAt = performance.now();
    const letters = this.#takeLetters();
    const taken = { ...letters, ...this.#takeConsumers() };
    const kept = {
      ...(states && { states }),
      ...(timers && { timers }),
      ...(snapshots && { snapshots }),
      ...(commands && { commands }),
    };
    this.#store.commit({ segments, progress, shapes, ...taken, ...kept }).then(
      () => {
        // Nobody is there any more whom an acknowledgement could reach.
        if (this.#stopped) return;
        this.#inFlight--;
        this.#done++;
        if (letters.deadLetters) this.#changing.delete(letters.deadLetters);
        this.#measure(segments, sentAt);
        this.#states.committed(number);
        this.#timers.committed(number);
        this.#events.committed(segments);
        this.#sent.committed(number);
        settled();
        this.#consumers.committed();
        this.#wake(this.#done);
        this.schedule();
      },
      (error: Error) => {
        this.#stopped = true;
        this.#events.failed(error);
      },
    );
  };

  get #isEmpty(): boolean {
    return (
      this.#segments.length === 0 &&
      !this.#progress.changed &&
      this.#buried.length === 0 &&
      this.#raised.length === 0 &&
      !this.#consumers.isDue &&
      !this.#states.isChanged &&
      !this.#timers.isChanged &&
      !this.#snapshots.isChanged &&
      !this.#sent.isChanged
    );
  }

  #takeLetters(): { readonly deadLetters?: DeadLetterChange } {
    if (this.#buried.length === 0 && this.#raised.length === 0) return {};
    const deadLetters = { put: this.#buried, remove: this.#raised };
    this.#changing.add(deadLetters);
    this.#buried = [];
    this.#raised = [];
    return { deadLetters };
  }

  #takeConsumers(): { readonly consumers?: readonly ConsumerChange[] } {
    const consumers = this.#consumers.take();
    return consumers.length === 0 ? {} : { consumers };
  }

  #measure(segments: readonly HubSegment[], sentAt: number): void {
    const now = performance.now();
    this.#meters.commit.record(now - sentAt);
    for (const { from, to, acceptedAt } of segments) this.#meters.durable.record(now - acceptedAt, to - from);
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#wake(Number.POSITIVE_INFINITY);
  }

  #wake(done: number): void {
    const ready = this.#waiting.filter(({ until }) => until <= done);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter(({ until }) => until > done);
    for (const { wake } of ready) wake();
  }
}
