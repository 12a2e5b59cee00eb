import { type Blame, blame } from '../../lanes/blame.js';
import type { LaneSeat } from './lane-seat.js';

/** Who is to blame for a lane's death: row references of events, or the number of a command. */
export interface Judgement extends Blame<number> {
  readonly command?: number | undefined;
  readonly error: Error;
}

/** Finds what a lane died of: the command or the event whose handler was on the stack, or whom `blame` names. */
export function judge(
  { sent, verdict, isFresh, aloneCommand, lane: { cell } }: LaneSeat,
  error: Error,
): Judgement {
  const inFlight = new Set(sent.unanswered);
  const known = (references: readonly number[]) => references.filter((reference) => inFlight.has(reference));
  if (verdict) {
    const { command } = verdict;
    return {
      guilty: known(verdict.guilty),
      suspects: known(verdict.suspects),
      command,
      error: verdict.error,
    };
  }
  const command = cell.command ?? aloneCommand;
  if (command !== undefined) return { guilty: [], suspects: [], command, error };
  const running = known(cell.running === undefined ? [] : [cell.running]);
  if (running.length > 0) return { guilty: running, suspects: [], error };
  return { ...blame(sent.begun, isFresh), error };
}
