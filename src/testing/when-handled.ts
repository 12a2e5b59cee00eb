import { HandlerError, InvalidOptionError, KeyParkedError } from '../faces/errors.js';
import type { DomainEvent, Engine, Receipt } from '../index.js';
import { DEAD_LETTER_PAGE } from '../limits.js';
import { insideOf } from './inside.js';
import { laggards, laneCounts, letterText } from './laggards.js';
import { valueText } from './text.js';
import { nextEvent } from './wait-for.js';
import { type WaitOptions, withinTime } from './within-time.js';

/** The position that is meant. @throws InvalidOptionError */
export function positionOf(place: number | Receipt): number {
  const position = typeof place === 'number' ? place : place?.position;
  if (Number.isInteger(position) && position >= 1) return position;
  throw new InvalidOptionError(
    `${valueText(place)} is no position: give a whole number from 1, or the receipt of a published event.`,
  );
}

/**
 * Resolves when the event at a position is handled and that is durable, also if it is still to be published.
 * With a test engine exactly then. Any other engine does not say so of one event, so there it resolves when the
 * engine has finished everything that it had accepted.
 *
 * @throws HandlerError when the event is, or becomes, a dead letter; KeyParkedError when it waits behind one;
 * TestTimeoutError that says what the engine is busy with; EngineFailedError; the signal's reason.
 */
export async function whenHandled(
  engine: Engine,
  place: number | Receipt,
  options: WaitOptions = {},
): Promise<void> {
  const position = positionOf(place);
  const before = laneCounts(engine);
  await withinTime(
    `the event at position ${position} to be handled`,
    options,
    (signal) => handled(engine, position, signal),
    async () => {
      const { lastPosition } = engine.stats();
      const absent = `The log ends at position ${lastPosition}: nothing was published there.\n`;
      return `${position > lastPosition ? absent : ''}${await laggards(engine, before)}`;
    },
  );
}

/**
 * Resolves when nothing is left to do: everything accepted, and everything it led to, is durable and handled or
 * waits behind a dead letter.
 *
 * @throws TestTimeoutError that says what the engine is busy with; EngineFailedError; the signal's reason.
 */
export async function whenQuiescent(engine: Engine, options: WaitOptions = {}): Promise<void> {
  const before = laneCounts(engine);
  await withinTime(
    'the engine to finish everything',
    options,
    (signal) => engine.drain({ signal }),
    () => laggards(engine, before),
  );
}

async function handled(engine: Engine, position: number, signal: AbortSignal): Promise<void> {
  const failed = untilDeadLetter(engine, position, signal);
  if (engine.stats().durable < position) {
    await Promise.race([nextEvent(engine, (event) => event.position >= position, signal), failed]);
  }
  const store = insideOf(engine)?.store;
  const finished = store?.whenHandled(position, signal);
  await Promise.race([engine.drain({ signal }), failed, ...(finished ? [finished] : [])]);
  await checkNotDead(engine, position);
  if (store ? !store.isHandled(position) : await isHeld(engine, position)) {
    throw new KeyParkedError(
      `The event at position ${position} waits behind a dead letter of its key: see engine.deadLetters.list().`,
      { details: { position } },
    );
  }
}

/** Rejects when the event becomes a dead letter. */
function untilDeadLetter(engine: Engine, position: number, signal: AbortSignal): Promise<never> {
  const dead = new Promise<never>((_, reject) => {
    const notices = engine.onNotice((notice) => {
      if (notice.kind === 'dead-letter' && notice.position === position) reject(notice.error);
    });
    signal.addEventListener('abort', notices.unsubscribe, { once: true });
  });
  // It may become one after everybody has gone.
  dead.catch(() => {});
  return dead;
}

async function checkNotDead(engine: Engine, position: number): Promise<void> {
  const [letter] = await engine.deadLetters.list({ after: position - 1, limit: 1 });
  if (letter?.position !== position) return;
  throw new HandlerError(`The event at position ${position} is a dead letter: ${letterText(letter)}`, {
    cause: letter.error,
    details: { position, key: letter.key, attempts: letter.attempts },
  });
}

/** Whether an event waits behind a parked one of its aggregate, as far as an engine tells. */
async function isHeld(engine: Engine, position: number): Promise<boolean> {
  if (engine.stats().parkedKeys === 0) return false;
  const event = await eventAt(engine, position);
  let after = 0;
  while (true) {
    const page = await engine.deadLetters.list({ after, limit: DEAD_LETTER_PAGE });
    for (const { state, position: parked, aggregateId, key } of page) {
      if (parked >= position) return false;
      const same = aggregateId === event?.aggregateId || key === event?.aggregateId;
      if (state === 'parked' && same) return true;
    }
    if (page.length < DEAD_LETTER_PAGE) return false;
    after = page.at(-1)?.position ?? position;
  }
}

async function eventAt(engine: Engine, position: number): Promise<DomainEvent | undefined> {
  for await (const event of engine.read({ fromPosition: position })) return event;
  return undefined;
}
