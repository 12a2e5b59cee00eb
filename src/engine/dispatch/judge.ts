import type { LaneSeat } from './lane-seat.js';

/** Who is to blame for a lane's death. */
export interface Judgement {
  /** Row references of events that surely killed it. */
  readonly guilty: readonly number[];
  /** Row references of events one of which may have killed it. */
  readonly suspects: readonly number[];
  readonly error: Error;
}

/**
 * Finds the event that a lane died of: the one whose handler was on the stack, or one that was all the thread ever
 * had. Else nobody can say which continuation it was, or whether an event that had ended left something behind, a
 * microtask or a timer, so everything begun and not answered must be run one at a time. What it had not begun it
 * cannot have died of.
 */
export function judge({ sent, verdict, isFresh, lane: { cell } }: LaneSeat, error: Error): Judgement {
  const inFlight = new Set(sent.unanswered);
  const known = (references: readonly number[]) => references.filter((reference) => inFlight.has(reference));
  if (verdict) {
    return { guilty: known(verdict.guilty), suspects: known(verdict.suspects), error: verdict.error };
  }
  const running = known(cell.running === undefined ? [] : [cell.running]);
  if (running.length > 0) return { guilty: running, suspects: [], error };
  const { begun } = sent;
  return isFresh && begun.length === 1
    ? { guilty: begun, suspects: [], error }
    : { guilty: [], suspects: begun, error };
}
