import { turn } from '../../kernel/turn.js';
import { READ_PAGE } from '../../limits.js';
import { partitionKeyOf, storedType } from '../../store/decode.js';
import type { EventReader, RawEvent } from '../../store/store.js';
import type { Resumption } from '../failures/parking.js';
import type { RetriedLetter } from '../failures/retried-letter.js';
import type { Wave } from '../intake/waves.js';
import { RESUME_PASSES } from '../limits.js';
import type { NameEntry } from '../sequence/directory.js';
import type { HeldEvents } from './held-events.js';
import type { LogFlow, ReplayParts } from './log-flow.js';

interface Resumed {
  readonly key: NameEntry;
  readonly resumption: Resumption;
  readonly from: number;
}

/**
 * Feeds the events of parked keys from the log back in, in order. All keys that are resumed in one turn of the event
 * loop share a pass through the log. New events of a key stay in the log meanwhile; when the last one that was held
 * is on its way, new ones follow it directly.
 */
export class Resumer {
  readonly #parts: ReplayParts;
  #queued: Resumed[] = [];
  #passes = 0;
  #scheduled = false;

  constructor(parts: ReplayParts) {
    this.#parts = parts;
  }

  /** Lets a parked key go on with its events from a position on. */
  resume(key: NameEntry, from: number): void {
    const { hub, parking, waves } = this.#parts;
    hub.unpark(key);
    // Of a key that was parked before such a handler came, it has not had what lies before either.
    const first = Math.min(from, hub.nextLate());
    this.#queued.push({ key, resumption: parking.begin(key, waves), from: first });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#queued.length === 0 || this.#passes >= RESUME_PASSES) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#begin();
    });
  }

  #begin(): void {
    const { hub } = this.#parts;
    const resumed = this.#queued;
    this.#queued = [];
    this.#passes++;
    this.#pass(resumed).then(
      () => {
        this.#passes--;
        this.#schedule();
      },
      // What stops an engine has been reported by then; anything else must stop it.
      (error: Error) => hub.fail(error),
    );
  }

  async #pass(resumed: readonly Resumed[]): Promise<void> {
    const parts = this.#parts;
    const { hub, store, receipts } = parts;
    const keys = new Map(resumed.map((one) => [one.key.id, one]));
    let from = resumed.reduce((least, one) => Math.min(least, one.from), Number.POSITIVE_INFINITY);
    while (keys.size > 0) {
      const to = lastOf(keys, parts);
      if (to > hub.lastDurable) await receipts.untilDurable({ position: to, version: 0 });
      let firstEnd = endUpTo(keys, from - 1, parts);
      for await (const page of unfinishedPages(hub, store.reader, from, to)) {
        for (const raw of page) {
          const one = keys.get(raw.partitionKey ?? raw.aggregate);
          if (!one || raw.position < one.from) continue;
          const full = feed(parts, raw, one.resumption);
          if (full) await full;
        }
        const read = page.at(-1)?.position ?? 0;
        if (read >= firstEnd) firstEnd = endUpTo(keys, read, parts);
      }
      endUpTo(keys, to, parts);
      from = to + 1;
    }
  }
}

/** The last position that any of these keys has in the log. */
function lastOf(keys: ReadonlyMap<number, Resumed>, { parking }: ReplayParts): number {
  let last = 0;
  for (const { key, resumption } of keys.values()) {
    if (!resumption.cancelled) last = Math.max(last, parking.lastHeld(key));
  }
  return last;
}

/** Opens the keys that have nothing in the log behind a position. Returns where the next one may end. */
function endUpTo(keys: Map<number, Resumed>, position: number, { hub, parking, waves }: ReplayParts): number {
  let next = Number.POSITIVE_INFINITY;
  let ended = false;
  for (const [id, { key, resumption }] of keys) {
    const last = parking.lastHeld(key);
    if (!resumption.cancelled && last > position) {
      next = Math.min(next, last);
      continue;
    }
    keys.delete(id);
    if (resumption.cancelled) continue;
    parking.end(key, waves);
    ended = true;
  }
  if (ended) hub.pump();
  return next;
}

/** What an event that is fed in belongs to. */
export interface Feeding {
  /** It is not to be fed in after all. */
  readonly cancelled: boolean;
  /** The wave of what was in the log when the feeding began. */
  readonly wave: Wave;
  /** What came to the key since. */
  readonly held: HeldEvents | undefined;
  /** The dead letter of a finished event that is tried again. */
  readonly letter?: RetriedLetter | undefined;
}

/** Puts an event of the log back on its way. Returns a promise when there is no room yet. */
export function feed(
  { hub, store, registry, entrance, retried }: ReplayParts,
  raw: RawEvent,
  feeding: Feeding,
): Promise<void> | undefined {
  if (hub.failure) throw hub.failure;
  if (feeding.cancelled) return undefined;
  const { reader } = store;
  const type = registry.find(storedType(reader, raw).name);
  if (!type?.handled) {
    // Nobody handles its type any more.
    const letter = retried.get(raw.position);
    if (letter) hub.discard(letter);
    else hub.finish(raw.position);
    retried.delete(raw.position);
    return undefined;
  }
  const facts = {
    type,
    aggregateId: reader.nameOf(raw.aggregate),
    partitionKey: partitionKeyOf(reader, raw),
    occurredAt: raw.occurredAt,
    causation: raw.causation,
  };
  const enter = () => {
    if (feeding.cancelled) return;
    const wave = feeding.held?.has(raw.position) ? feeding.held.shift(raw.position) : undefined;
    hub.restore(facts, raw, wave ?? feeding.wave, wave !== undefined, feeding.letter);
  };
  if (!entrance.isOpenToFeed) {
    hub.pump();
    if (!entrance.isOpenToFeed) return entrance.whenRoomToFeed(enter);
  }
  enter();
  return undefined;
}

/** The log's events that no lane has finished, from one position to another, in order; a page at a time. */
export async function* unfinishedPages(
  hub: LogFlow,
  reader: EventReader,
  from: number,
  to: number,
): AsyncGenerator<readonly RawEvent[], void, undefined> {
  let position = hub.nextUnfinished(from);
  while (position <= to && !hub.failure) {
    const page = reader.page({ from: position, limit: READ_PAGE });
    yield page.filter((raw) => raw.position <= to && hub.isLeft(raw));
    const last = page.at(-1);
    if (!last || page.length < READ_PAGE || last.position >= to) return;
    // The lanes have seen nothing of this page yet, and room comes from them.
    hub.pump();
    await turn();
    position = hub.nextUnfinished(last.position + 1);
  }
}
