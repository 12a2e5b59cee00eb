import type { AnyEventType } from '../events/define-event.js';
import type { DomainEvent } from '../events/domain-event.js';
import { optionNames, takeOptions } from '../events/known-options.js';
import type { EventRegistry } from '../events/registry.js';
import { namesOfTypes } from '../events/type-names.js';
import { InvalidOptionError, UpcastError } from '../kernel/errors.js';
import { onAbort } from '../kernel/on-abort.js';
import { Handing, type StartConsumer } from './handing.js';
import type { ConsumedLog } from './log.js';
import { isPosition } from './options.js';
import { Turns } from './turns.js';

/** Options of `engine.follow`. */
export interface FollowOptions<Types extends AnyEventType = AnyEventType> {
  /**
   * Remembers in the log's own file how far it is, under this name: a consumer. The next `follow` of the name goes on
   * there. An event is done when the next one is asked for.
   */
  readonly name?: string;
  /**
   * Where it begins: with the first event of the log (`start`, default), behind the last durable one (`now`), or with the
   * event at a position. A name that the log knows goes on where it was.
   */
  readonly from?: 'start' | 'now' | number;
  /** Only these event types, or types of these names. */
  readonly types?: readonly (Types | Types['type'])[];
  /** Ends it: the event that is waited for rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** What following needs of its engine. */
export interface FollowParts {
  readonly log: () => ConsumedLog;
  readonly read: (range: {
    readonly fromPosition: number;
    readonly toPosition: number;
    readonly types?: readonly string[];
  }) => AsyncGenerator<DomainEvent, void, undefined>;
  /** Calls the listener when more events are durable, and when the engine fails or ends. Returns what ends that. */
  readonly onMore: (listener: (isOver: boolean) => void) => () => void;
  /** Starts the consumer of a name. */
  readonly start: StartConsumer;
}

/** Events from the log's past into its future, without a gap or a double. */
export type Followed<Event> = AsyncIterableIterator<Event, undefined> & AsyncDisposable;

const FOLLOW = optionNames<FollowOptions>('follow', { name: true, from: true, types: true, signal: true });

/** @throws InvalidOptionError, UnknownEventTypeError; the signal's reason when it has aborted. At once, all of them. */
export function follow(parts: FollowParts, given: FollowOptions): Followed<DomainEvent> {
  const { name, from = 'start', types, signal } = takeOptions(given, FOLLOW);
  signal?.throwIfAborted();
  const { registry, facts } = parts.log();
  const wanted = types === undefined ? undefined : namesIn(registry, types);
  if (from !== 'start' && from !== 'now' && !isPosition(from)) {
    throw new InvalidOptionError(
      `follow: from is ${String(from)}; it must be 'start', 'now' or a whole number from 1.`,
    );
  }
  if (name !== undefined) {
    const options = { name, from, ...(wanted && { types: wanted }) };
    return new Handing(options, parts.start, () => parts.log().facts.failure, signal);
  }
  const first = from === 'start' ? 1 : from === 'now' ? facts.lastDurable + 1 : from;
  if (first <= facts.lastDurable + 1) return new Following(parts, first, wanted, signal);
  throw new InvalidOptionError(
    `follow: from is ${first}, but the log ends at position ${facts.lastDurable}. Pass 'now' to begin behind it.`,
  );
}

function namesIn(registry: EventRegistry, types: NonNullable<FollowOptions['types']>): readonly string[] {
  return namesOfTypes('follow', types).map(([name = '']) => registry.get(name).type);
}

/** Reads what is durable, and waits for more at its end. It reads when it is asked, so nothing is queued for it. */
class Following extends Turns<DomainEvent> {
  readonly #parts: FollowParts;
  readonly #types: readonly string[] | undefined;
  /** Everything before this position has been read. */
  #next: number;
  #stream: AsyncGenerator<DomainEvent, void, undefined> | undefined;
  /** Where the stream ends. */
  #until = 0;
  #wake: (() => void) | undefined;
  readonly #leave: () => void;

  constructor(
    parts: FollowParts,
    first: number,
    types: readonly string[] | undefined,
    signal: AbortSignal | undefined,
  ) {
    super();
    this.#parts = parts;
    this.#next = first;
    this.#types = types;
    const ends = parts.onMore((isOver) => {
      if (isOver) this.end();
      else this.#wake?.();
    });
    const unheard = onAbort(signal, (reason) => this.end({ error: reason }));
    this.#leave = () => {
      ends();
      unheard();
    };
  }

  protected override async step(): Promise<DomainEvent | undefined> {
    while (!this.isEnded) {
      if (!this.#stream && !this.#open()) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const event = await this.#read();
      if (event) return event;
      this.#stream = undefined;
      this.#next = this.#until + 1;
    }
    return undefined;
  }

  protected override async ended(): Promise<void> {
    this.#leave();
    this.#wake?.();
    await this.#stream?.return();
  }

  /** Begins to read what has become durable. Returns false when there is nothing. */
  #open(): boolean {
    const { facts } = this.#parts.log();
    if (facts.lastDurable < this.#next) {
      if (facts.failure) throw facts.failure;
      return false;
    }
    this.#until = facts.lastDurable;
    const types = this.#types && { types: this.#types };
    this.#stream = this.#parts.read({ fromPosition: this.#next, toPosition: this.#until, ...types });
    return true;
  }

  async #read(): Promise<DomainEvent | undefined> {
    try {
      const { value } = (await this.#stream?.next()) ?? {};
      return value ?? undefined;
    } catch (error) {
      // An event without a current form is told, and the next call goes on behind it; anything else ends the reading.
      if (!(error instanceof UpcastError)) this.end();
      throw error;
    }
  }
}
