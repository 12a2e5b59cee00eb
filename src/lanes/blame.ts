/** Who is to blame for the death of a thread that runs handlers. */
export interface Blame<Work> {
  /** Surely killed it. */
  readonly guilty: readonly Work[];
  /** One of them may have killed it: each is run again alone, before anything else. */
  readonly suspects: readonly Work[];
}

/**
 * When nobody was caught in the act, all that a thread ever had is to blame for its death. Else nobody can say which
 * continuation it was, or whether something that had ended left a microtask or a timer behind. So everything that was
 * begun and not answered is run one at a time, and what dies alone on a new thread is to blame.
 *
 * @param begun what the thread had begun and not answered. What it had not begun it cannot have died of.
 * @param isFresh it had answered nothing.
 */
export function blame<Work>(begun: readonly Work[], isFresh: boolean): Blame<Work> {
  return isFresh && begun.length === 1 ? { guilty: begun, suspects: [] } : { guilty: [], suspects: begun };
}
