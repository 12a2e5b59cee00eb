/** By owner and aggregate, the end of the last turn. An entry goes when nobody waits for it. */
const turns = new WeakMap<object, Map<string, Promise<unknown>>>();

/** Runs a task when those before it of the same aggregate have ended, however they ended. */
export async function inTurn<Result>(
  owner: object,
  aggregateId: string,
  task: () => Promise<Result>,
): Promise<Result> {
  const lasts = turns.get(owner) ?? new Map<string, Promise<unknown>>();
  turns.set(owner, lasts);
  const turn = (lasts.get(aggregateId) ?? Promise.resolve()).then(task, task);
  const end = turn.catch(() => {});
  lasts.set(aggregateId, end);
  try {
    return await turn;
  } finally {
    if (lasts.get(aggregateId) === end) lasts.delete(aggregateId);
  }
}
