import type { DeadLetterRecord } from '../store.js';
import { letter } from './dead-letter-checks.js';
import { LogState, Rows } from './rows.js';
import { STATE_TYPES, stateChange, type Told, toldOf } from './state-checks.js';
import { namesIn, timer, timerChange } from './timer-checks.js';
import { type MakeStore, RUN, type StoreCheck, type StoreContractOptions, same, Trial } from './trial.js';

/** What a store has to say of everything that one commit may bring. */
function seenIn(trial: Trial) {
  return {
    positions: trial.readAll({ from: 1 }).map(({ position }) => position),
    states: toldOf(trial, { from: 0, limit: 9 }),
    timers: namesIn(trial),
    letters: trial.reader.deadLetters({ after: 0, limit: 9 }),
  };
}

interface Expected {
  readonly positions: readonly number[];
  readonly states: readonly Told[];
  readonly timers: readonly string[];
  readonly letters: readonly DeadLetterRecord[];
}

/** Three turns of an engine as commits, and what is there after each. The last two are sent at once. */
async function liveThrough(trial: Trial, seen: (expected: Expected) => void): Promise<Expected> {
  const rows = new Rows(new LogState());
  rows.add({ aggregate: 'a' }, { aggregate: 'b' });
  const failed = letter(2);
  // Two events: one is handled and has a state and two timers, the other one has failed.
  await trial.commit({
    segments: rows.take(),
    progress: { mark: 1, chunks: [] },
    states: stateChange([[1, 1, 1, 7]], STATE_TYPES),
    timers: timerChange([timer(1, 'fires', 10), timer(1, 'is cancelled', 20)]),
    deadLetters: { put: [failed], remove: [] },
  });
  const first = [[1, 1, 1, 7]] as const;
  seen({ positions: [1, 2], states: first, timers: ['1 fires', '1 is cancelled'], letters: [failed] });
  // A command has appended, a timer has fired with its event, and the letter was tried again.
  rows.add({ aggregate: 'a' }, { aggregate: 'a' });
  const second = trial.commit({
    segments: rows.take(),
    progress: { mark: 3, chunks: [] },
    states: stateChange([
      [1, 1, 3, 8],
      [2, 2, 2, 0],
    ]),
    timers: timerChange([timer(2, 'comes', 30, 2)], [[1, 'fires']]),
    deadLetters: { put: [], remove: [failed] },
  });
  rows.add({ aggregate: 'b' });
  const third = trial.commit({
    segments: rows.take(),
    progress: { mark: 5, chunks: [] },
    states: stateChange([[1, 1, 4, 9]]),
    // What the commit before has brought goes again, also when both are stored as one.
    timers: timerChange(
      [timer(2, 'stays', 40, 5)],
      [
        [1, 'is cancelled'],
        [2, 'comes'],
      ],
    ),
  });
  await Promise.all([second, third]);
  const last: Expected = {
    positions: [1, 2, 3, 4, 5],
    states: [
      [1, 1, 4, 9],
      [2, 2, 2, 0],
    ],
    timers: ['2 stays'],
    letters: [],
  };
  seen(last);
  return last;
}

/** What every store must do with a commit that brings all there is: events, progress, states, timers, dead letters. */
export function togetherChecks(make: MakeStore, { reopen }: StoreContractOptions): StoreCheck[] {
  const seenBy = (trial: Trial) => (expected: Expected) => same(seenIn(trial), expected, 'what is stored');
  const checks: StoreCheck[] = [
    {
      name: 'events, states, timers and dead letters of one commit are there together, and commits that are sent at once follow each other',
      run: async () => {
        await using trial = await Trial.open(make(RUN));
        await liveThrough(trial, seenBy(trial));
      },
    },
  ];
  if (!reopen) return checks;
  const again: StoreCheck = {
    name: 'a reopened store has what its commits brought together, and the progress of the last one',
    run: async () => {
      const trial = await Trial.open(make(RUN));
      const expected = await liveThrough(trial, () => {}).finally(() => trial.close());
      await using second = await Trial.open(reopen(trial.store, RUN));
      seenBy(second)(expected);
      same(second.state.progress.mark, 5, 'the mark of the progress');
      same(second.state.deadLetters.parked, [], 'parked dead letters');
    },
  };
  return [...checks, again];
}
