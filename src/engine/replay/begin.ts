import { EngineClosedError } from '../../kernel/errors.js';
import { turn } from '../../kernel/turn.js';
import type { StoreState } from '../../store/protocol.js';
import { Backlog } from './backlog.js';
import type { Holding } from './holding.js';
import type { LogFlow, ReplayParts } from './log-flow.js';

/** What beginning again works with: the flow may be waited for as a whole. */
export interface BeginningParts extends ReplayParts {
  readonly hub: LogFlow & { drain(): Promise<void> };
  readonly holding: Holding;
}

/**
 * Begins to put the log's unfinished events back on their way. Resolves when what one turn suffices for is on its way.
 * Returns the promise, in a box, of all of it being handled.
 */
export async function beginBacklog(
  parts: BeginningParts,
  stored: StoreState,
): Promise<{ readonly recovered: Promise<void> }> {
  const { deadLetters, lastPosition, lastName } = stored;
  if (lastPosition === 0) return { recovered: Promise.resolve() };
  const { hub, entrance, holding } = parts;
  const parked = holdParked(parts, stored);
  const changed = () => {
    entrance.recheckKeys();
    hub.pump();
  };
  const backlog = new Backlog(parts, lastPosition, lastName, {
    scanned: changed,
    ended: () => {
      holding.backlog = undefined;
      changed();
    },
  });
  holding.backlog = backlog;
  const recovered = whenRecovered(hub, backlog);
  // It need not be waited for.
  recovered.catch(() => {});
  const run = backlog.run(hub.nextUnfinished(1), (key) => parked.has(key), deadLetters.retry);
  run.catch((error: Error) => {
    // A reader that was closed under it is no failure.
    if (!backlog.isCutShort) hub.fail(error);
  });
  await Promise.race([run, turn()]);
  return { recovered };
}

/** Holds the keys that were parked, and remembers the letters that are to be tried again. Returns the keys' numbers. */
function holdParked(
  { store: { reader }, directory, parking, waves, retried }: ReplayParts,
  { deadLetters, lastPosition }: StoreState,
): ReadonlySet<number> {
  const parked = new Set<number>();
  for (const { position, key } of deadLetters.parked) {
    parked.add(key);
    parking.park(directory.get(reader.nameOf(key)), position, lastPosition, waves);
  }
  for (const position of [...deadLetters.retryParked, ...deadLetters.retry]) {
    const letter = reader.deadLetter(position);
    if (letter) retried.set(position, letter);
  }
  return parked;
}

async function whenRecovered(hub: BeginningParts['hub'], backlog: Backlog): Promise<void> {
  await hub.drain();
  if (!backlog.isCutShort) return;
  throw new EngineClosedError(
    'The engine was closed before everything was handled that had been unfinished when it opened. The rest is in its log: the next open goes on.',
  );
}
