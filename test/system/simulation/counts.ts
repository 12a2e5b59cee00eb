/** What happened in a life, in numbers. */
export interface Counts {
  kills: number;
  powerCuts: number;
  laneDeaths: number;
  ioErrors: number;
  recoveries: number;
  resizes: number;
  letters: number;
  events: number;
  /** Those that have fired. */
  timers: number;
  /** Replies of commands that were durable. */
  replies: number;
  snapshots: number;
  /** Commands of handlers that were done. */
  sends: number;
  /** What users did with consumers, and events that those and the bus have done. */
  follows: number;
  followed: number;
  /** Events that states of new versions were built of. */
  built: number;
}

export function noCounts(): Counts {
  return {
    kills: 0,
    powerCuts: 0,
    laneDeaths: 0,
    ioErrors: 0,
    recoveries: 0,
    resizes: 0,
    letters: 0,
    events: 0,
    timers: 0,
    replies: 0,
    snapshots: 0,
    sends: 0,
    follows: 0,
    followed: 0,
    built: 0,
  };
}
