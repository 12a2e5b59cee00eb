import { type Blame, blame } from '../../lanes/blame.js';
import type { LaneSeat } from './lane-seat.js';

/** Who is to blame for a lane's death: row references of events. */
export interface Judgement extends Blame<number> {
  readonly error: Error;
}

/** Finds the event that a lane died of: the one whose handler was on the stack, or whom `blame` names. */
export function judge({ sent, verdict, isFresh, lane: { cell } }: LaneSeat, error: Error): Judgement {
  const inFlight = new Set(sent.unanswered);
  const known = (references: readonly number[]) => references.filter((reference) => inFlight.has(reference));
  if (verdict) {
    return { guilty: known(verdict.guilty), suspects: known(verdict.suspects), error: verdict.error };
  }
  const running = known(cell.running === undefined ? [] : [cell.running]);
  if (running.length > 0) return { guilty: running, suspects: [], error };
  return { ...blame(sent.begun, isFresh), error };
}
