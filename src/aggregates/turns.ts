import { unlessAborted } from '../kernel/on-abort.js';

/** By id, the end of the last turn. An entry goes when nobody waits for it. */
export type Turns = Map<string, Promise<unknown>>;

const all = new WeakMap<object, Turns>();

/** The turns at what belongs to an owner: an engine's aggregates. */
export function turnsOf(owner: object): Turns {
  const known = all.get(owner);
  if (known) return known;
  const turns: Turns = new Map();
  all.set(owner, turns);
  return turns;
}

/** Has the turn of the running task end with a promise, before or after the task itself. */
export type Hold = (until: Promise<unknown>) => void;

/**
 * Runs a task when those before it of the same id have ended, however they ended.
 *
 * @param signal ends the waiting for its turn, and nothing else: the others' order stays.
 * @throws what the task throws; the signal's reason.
 */
export async function inTurn<Result>(
  turns: Turns,
  id: string,
  signal: AbortSignal | undefined,
  task: (hold: Hold) => Promise<Result>,
): Promise<Result> {
  const before = turns.get(id);
  const { promise: mine, resolve: leave } = Promise.withResolvers<unknown>();
  const end = before ? before.then(() => mine) : mine;
  turns.set(id, end);
  let isHeld = false;
  const hold: Hold = (until) => {
    isHeld = true;
    until.then(leave, leave);
  };
  try {
    if (before) await unlessAborted(before, signal);
    return await task(hold);
  } finally {
    if (!isHeld) leave(undefined);
    end.then(() => {
      if (turns.get(id) === end) turns.delete(id);
    });
  }
}
