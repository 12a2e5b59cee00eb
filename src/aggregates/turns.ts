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

/**
 * Runs a task when those before it of the same id have ended, however they ended, or have left their turns.
 *
 * @param task is given what ends its turn while it goes on.
 * @param signal ends the waiting for its turn, and nothing else: the others' order stays.
 * @throws what the task throws; the signal's reason.
 */
export async function inTurn<Result>(
  turns: Turns,
  id: string,
  signal: AbortSignal | undefined,
  task: (leave: () => void) => Promise<Result>,
): Promise<Result> {
  const before = turns.get(id);
  const { promise: mine, resolve: leave } = Promise.withResolvers<void>();
  const end = before ? before.then(() => mine) : mine;
  turns.set(id, end);
  try {
    if (before) await unlessAborted(before, signal);
    return await task(leave);
  } finally {
    leave();
    end.then(() => {
      if (turns.get(id) === end) turns.delete(id);
    });
  }
}
