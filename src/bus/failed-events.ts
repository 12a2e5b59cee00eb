import type { Engine } from '../engine/engine.js';
import { knownOptions, optionNames } from '../events/known-options.js';
import { isWhole } from '../kernel/check.js';
import { DeadLetterNotFoundError, InvalidOptionError } from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';
import { DEAD_LETTER_PAGE } from '../limits.js';
import type { BusRun } from './bus-run.js';
import { type FailedEvent, ofLane, ofSubscriber } from './failed-event.js';

/** Which failed events to list. */
export interface FailedEventQuery {
  /** Only those above this position. Default 0. */
  readonly after?: number;
  /** At most so many, 1 to 512. Default 100. */
  readonly limit?: number;
}

const LIST = optionNames<FailedEventQuery>('failedEvents.list', { after: true, limit: true });

/**
 * The events of a bus with a handler whose retries are used up: those of subscribers from the processing record, and
 * those of lanes from the log's dead letters. With a store they outlive the process.
 */
export class FailedEvents {
  readonly #run: (waits?: string) => BusRun;

  /** @internal @param run throws when the bus is not running, and when a subscriber must not wait for what is named. */
  constructor(run: (waits?: string) => BusRun) {
    this.#run = run;
  }

  /** Failed events in position order. @throws InvalidOptionError, EngineClosedError, EngineFailedError */
  async list(query: FailedEventQuery = {}): Promise<FailedEvent[]> {
    const { after = 0, limit = 100 } = knownOptions(query, LIST);
    checkNumber('after', after, 0, Number.MAX_SAFE_INTEGER);
    checkNumber('limit', limit, 1, DEAD_LETTER_PAGE);
    const { engine, processing } = this.#run().journal;
    const letters = await engine.deadLetters.list({ after, limit });
    const all = [...(await processing.failures({ after, limit })).map(ofSubscriber), ...letters.map(ofLane)];
    all.sort((a, b) => a.position - b.position);
    // An event may have failed on both sides; whoever reads on behind the last position must not lose one.
    const last = all[limit - 1]?.position ?? Number.POSITIVE_INFINITY;
    return all.filter(({ position }, index) => index < limit || position === last);
  }

  /**
   * Tries a failed event again: only with the subscribers, by name, or the lane that failed. Resolves when those that
   * there are have processed it; under the names that nobody has now it stays failed. A subscriber gets it behind what its
   * key has waiting; a lane as `engine.deadLetters.retry` says.
   *
   * @throws DeadLetterNotFoundError; HandlerError when it fails again, and it is a failed event again then;
   * InvalidOptionError when nobody subscribes under any of its names; WaitsForItselfError inside a subscriber of the bus.
   */
  async retry(position: number): Promise<void> {
    checkNumber('position', position, 1, Number.MAX_SAFE_INTEGER);
    const run = this.#run('bus.failedEvents.retry()');
    const retried = await run.retry(position);
    const { engine } = run.journal;
    const [letter] = await engine.deadLetters.list({ after: position - 1, limit: 1 });
    if (letter?.position === position) await engine.deadLetters.retry(position);
    else if (!retried) {
      throw new DeadLetterNotFoundError(
        `There is no failed event at position ${position}. List them with bus.failedEvents.list().`,
        { details: { position } },
      );
    }
  }

  /**
   * Forgets failed events: these, or all. They stay in the log and count as finished; the key of a parked one of a
   * lane goes on behind it.
   *
   * @returns how many were forgotten.
   */
  async clear(positions?: readonly number[]): Promise<number> {
    if (positions !== undefined && !Array.isArray(positions)) {
      throw new InvalidOptionError(
        `failedEvents.clear takes an array of positions, or nothing for all; this is ${shown(positions)}.`,
      );
    }
    const { engine, processing } = this.#run().journal;
    const wanted = positions && new Set(positions);
    const chosen = (position: number) => wanted?.has(position) ?? true;
    let cleared = 0;
    for (let after = 0; ; ) {
      const page = await processing.failures({ after, limit: DEAD_LETTER_PAGE });
      for (const { position } of page) {
        after = position;
        if (!chosen(position)) continue;
        processing.unfail(position);
        cleared++;
      }
      if (page.length < DEAD_LETTER_PAGE) break;
    }
    cleared += await discardLetters(engine, 'parked', chosen);
    // Discarding a parked one lets its key go on; only then may skipped ones of that key be discarded.
    cleared += await discardLetters(engine, 'skipped', chosen);
    await processing.flushed();
    return cleared;
  }
}

async function discardLetters(
  engine: Engine,
  state: 'parked' | 'skipped',
  chosen: (position: number) => boolean,
): Promise<number> {
  let discarded = 0;
  for (let after = 0; ; ) {
    const page = await engine.deadLetters.list({ after, limit: DEAD_LETTER_PAGE });
    for (const letter of page) {
      after = letter.position;
      if (letter.state !== state || !chosen(letter.position)) continue;
      await engine.deadLetters.discard(letter.position);
      discarded++;
    }
    if (page.length < DEAD_LETTER_PAGE) break;
  }
  if (discarded > 0) await engine.drain();
  return discarded;
}

function checkNumber(name: string, value: number, least: number, most: number): void {
  if (isWhole(value, least, most)) return;
  throw new InvalidOptionError(
    `Failed events: ${name} is ${shown(value)}; it must be a whole number from ${least} to ${most}.`,
  );
}
