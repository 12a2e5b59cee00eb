import type { LaneSeat } from './lane-seat.js';

/** Who is to blame for a lane's death. */
export interface Judgement {
  /** Row references of events that surely killed it. */
  readonly guilty: readonly number[];
  /** Row references of events one of which killed it: more than one was under way. */
  readonly suspects: readonly number[];
  readonly error: Error;
}

/**
 * Finds the event that a lane died of: the one whose handler was on the stack, else the only one under way. When
 * several were being awaited nobody can say which continuation it was, so they must be run one at a time.
 */
export function judge({ sent, verdict, lane: { cell } }: LaneSeat, error: Error): Judgement {
  const inFlight = new Set(sent.flatMap((rows) => [...rows]));
  const known = (references: readonly number[]) => references.filter((reference) => inFlight.has(reference));
  if (verdict) return { guilty: known(verdict.guilty), suspects: [], error: verdict.error };
  const running = known(cell.running === undefined ? [] : [cell.running]);
  const active = running.length > 0 ? running : known(cell.active);
  return active.length === 1
    ? { guilty: active, suspects: [], error }
    : { guilty: [], suspects: active, error };
}
