import { knownOptions, optionNames } from '../../events/known-options.js';
import { checkWhole } from '../../kernel/check.js';
import { DeadLetterNotFoundError, KeyParkedError } from '../../kernel/errors.js';
import { DEAD_LETTER_PAGE } from '../../limits.js';
import type { DeadLetter, DeadLetterRecord } from '../../store/dead-letter.js';
import { toDeadLetter } from '../../store/read-dead-letter.js';
import type { RawEvent } from '../../store/store.js';
import type { LateHandlers } from '../replay/late-handlers.js';
import type { ReplayParts } from '../replay/log-flow.js';
import { feed, type Resumer } from '../replay/resume.js';
import type { NameEntry } from '../sequence/directory.js';
import { parkedBehind } from './failures.js';
import type { RetriedLetter } from './retried-letter.js';

const BUSY = ' any more: it is being retried or discarded';

/** Which dead letters to list. */
export interface DeadLetterQuery {
  /** Only those above this position. Default 0. */
  readonly after?: number;
  /** At most so many, 1 to 512. Default 100. */
  readonly limit?: number;
}

const LIST = optionNames<DeadLetterQuery>('deadLetters.list', { after: true, limit: true });

/** What dead letters need of the engine; asked anew each time, because `recover` replaces it. */
export interface DeadLetterParts extends ReplayParts {
  readonly run: string;
  readonly resumer: Resumer;
  readonly late: LateHandlers;
  /** Whether what the store says of a letter is not what has become of it. */
  readonly commits: { isChanging(position: number): boolean };
}

/** A dead letter with its event. */
interface Found {
  readonly letter: DeadLetterRecord;
  readonly raw: RawEvent;
  readonly key: NameEntry;
}

/** The events whose handlers failed for good. They lie in the store's own file. */
export class DeadLetters {
  readonly #parts: (waits?: string) => DeadLetterParts;
  /** Positions that somebody is retrying or discarding. */
  readonly #claimed = new Set<number>();

  /**
   * @internal
   * @param parts throws when the engine is closed or has failed, and when a handler must not wait for what is named.
   */
  constructor(parts: (waits?: string) => DeadLetterParts) {
    this.#parts = parts;
  }

  /** Dead letters in position order. @throws InvalidOptionError, EngineClosedError, EngineFailedError */
  async list(query: DeadLetterQuery = {}): Promise<DeadLetter[]> {
    const { after = 0, limit = 100 } = knownOptions(query, LIST);
    checkWhole('Dead letters', 'after', after, 0);
    checkWhole('Dead letters', 'limit', limit, 1, DEAD_LETTER_PAGE);
    const { hub, store, registry, run } = this.#parts();
    await this.#flushed(hub);
    const find = (name: string) => registry.find(name)?.definition;
    return store.reader
      .deadLetters({ after, limit })
      .map((record) => toDeadLetter(store.reader, run, record, find));
  }

  /**
   * Handles a dead letter again, and behind it everything of its key that was held; other keys do not notice.
   * Resolves when the event is handled and that is durable. A skipped one runs after what its key has waiting. Only those
   * handlers are called whose letter it is: see `DeadLetter.owners`.
   *
   * @throws DeadLetterNotFoundError; HandlerError when it fails again: it is a dead letter again then. It stays as it is with
   * KeyParkedError, when its key is parked behind another one, and HandlerNotGivenError, when it is of a module that asked
   * for old events, and the engine was opened without it.
   */
  retry(position: number): Promise<void> {
    return this.#claim(position, 'retry', () => this.#retry(position));
  }

  /**
   * Gives a dead letter up: the event counts as finished for those whose letter it is, whether they are here or not, and
   * its key goes on behind it. Resolves when that is durable.
   *
   * @throws DeadLetterNotFoundError; KeyParkedError when its key is parked behind another one.
   */
  discard(position: number): Promise<void> {
    return this.#claim(position, 'discard', () => this.#discard(position));
  }

  async #retry(position: number): Promise<void> {
    const parts = this.#parts();
    const { receipts, retried, resumer, late } = parts;
    const found = await this.#find(parts, position);
    const { letter, raw, key } = found;
    late.requireOwners(letter);
    // The log has forgotten whose it is.
    if (!late.hasOwner(letter)) return this.#giveUp(parts, found);
    const isOpen = late.isOpen(letter);
    if (letter.state === 'parked') resumer.resume(key, isOpen ? position : position + 1);
    const again: RetriedLetter = isOpen ? letter : { ...letter, state: 'skipped' };
    retried.set(position, again);
    const handled = receipts.untilHandled({ position, version: raw.version });
    if (isOpen) await handled;
    else await this.#handleAgain(parts, found, again, handled);
  }

  /** Its event is finished in the log: it does not come again by itself. */
  async #handleAgain(
    parts: DeadLetterParts,
    { raw, key: { name } }: Found,
    letter: RetriedLetter,
    handled: Promise<unknown>,
  ): Promise<void> {
    const { hub, directory, waves } = parts;
    // Waited for below; should the feeding throw at once, nobody will.
    handled.catch(() => {});
    const full = feed(parts, raw, {
      // While it waits for room the key is not pinned, and its entry may be another one afterwards.
      get cancelled() {
        return giveUpIfParked(parts, directory.get(name), raw.position);
      },
      wave: waves.taking,
      held: undefined,
      letter,
    });
    hub.pump();
    // Waited for together: when the engine fails, both reject.
    await Promise.all([handled, full]);
  }

  async #discard(position: number): Promise<void> {
    const parts = this.#parts();
    await this.#giveUp(parts, await this.#find(parts, position));
  }

  async #giveUp({ hub, receipts, resumer }: DeadLetterParts, { letter, raw, key }: Found): Promise<void> {
    const { position } = letter;
    const settled = receipts.untilHandled({ position, version: raw.version });
    hub.discard(letter);
    if (letter.state === 'parked') resumer.resume(key, position + 1);
    await settled;
  }

  async #claim(position: number, call: string, work: () => Promise<void>): Promise<void> {
    this.#parts(`deadLetters.${call}()`);
    if (this.#claimed.has(position)) throw notFound(position, BUSY);
    this.#claimed.add(position);
    try {
      await work();
    } finally {
      this.#claimed.delete(position);
    }
  }

  /** What has happened so far is stored. @throws when the engine was closed meanwhile: it begins nothing new. */
  async #flushed(hub: DeadLetterParts['hub']): Promise<void> {
    await hub.flushed();
    this.#parts();
  }

  async #find(
    { hub, store, directory, parking, retried, commits }: DeadLetterParts,
    position: number,
  ): Promise<Found> {
    checkWhole('Dead letters', 'position', position, 1);
    // Its event may end or fail again while one waits for the commit before: what the store says of it is over then.
    do await this.#flushed(hub);
    while (commits.isChanging(position));
    const { reader } = store;
    const letter = reader.deadLetter(position);
    const [raw] = reader.page({ from: position, limit: 1 });
    if (!letter || !raw) throw notFound(position);
    // Somebody asked for it while no engine was open.
    if (retried.has(position)) throw notFound(position, BUSY);
    const key = directory.get(reader.nameOf(letter.key));
    const parkedAt = parking.positionOf(key);
    if (key.held && parkedAt !== position) {
      throw new KeyParkedError(
        parkedAt === undefined
          ? `Key '${key.name}' is being resumed. Wait for that, then try again.`
          : `Key '${key.name}' is parked behind the dead letter at position ${parkedAt}: retry or discard that one first.`,
        { details: { key: key.name } },
      );
    }
    return { letter, raw, key };
  }
}

/** A key may be parked while a skipped event of it waits for room. */
function giveUpIfParked(
  { retried, receipts, parking }: ReplayParts,
  key: NameEntry,
  position: number,
): boolean {
  const parkedAt = parking.positionOf(key);
  if (parkedAt === undefined) return false;
  retried.delete(position);
  receipts.failed(position, parkedBehind(key, parkedAt));
  return true;
}

function notFound(position: number, why = ''): DeadLetterNotFoundError {
  return new DeadLetterNotFoundError(
    `There is no dead letter at position ${position}${why}. List them with engine.deadLetters.list().`,
    { details: { position } },
  );
}
