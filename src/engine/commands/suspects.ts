import type { PendingCommand } from './command.js';

/** Commands of which one may have ended a lane: each runs alone on its lane, before anything else there. */
export class CommandSuspects {
  readonly #byLane = new Map<number, number>();

  /** Whether a lane has some, so that it is given nothing else. */
  has(lane: number): boolean {
    return this.#byLane.has(lane);
  }

  /** The command is to run alone on a lane. */
  add(command: PendingCommand, lane: number): void {
    if (command.suspectOn === lane) return;
    this.delete(command);
    command.suspectOn = lane;
    this.#byLane.set(lane, (this.#byLane.get(lane) ?? 0) + 1);
  }

  /** It is no suspect, or none any more. */
  delete(command: PendingCommand): void {
    const lane = command.suspectOn;
    if (lane === undefined) return;
    command.suspectOn = undefined;
    const left = (this.#byLane.get(lane) as number) - 1;
    if (left === 0) this.#byLane.delete(lane);
    else this.#byLane.set(lane, left);
  }
}
