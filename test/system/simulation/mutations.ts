import { CommitQueue } from '../../../dist/src/engine/commit/commit-queue.js';
import { LanePump } from '../../../dist/src/engine/dispatch/lane-pump.js';
import { LaneSeat } from '../../../dist/src/engine/dispatch/lane-seat.js';
import { SentRows } from '../../../dist/src/engine/dispatch/sent-rows.js';
import { Parking } from '../../../dist/src/engine/failures/parking.js';
import { Receipts } from '../../../dist/src/engine/intake/receipts.js';
import { Backlog } from '../../../dist/src/engine/replay/backlog.js';
import { KeyRuns } from '../../../dist/src/engine/sequence/key-runs.js';
import { LaneCell } from '../../../dist/src/lanes/lane-cell.js';
import { KeyAhead } from '../../../dist/src/lanes/run-ahead.js';
import { LaneScheduler } from '../../../dist/src/lanes/scheduler.js';
import { Progress } from '../../../dist/src/store/progress.js';
import { COMMAND_MUTATIONS } from './command-mutations.js';
import { FOLLOWER_MUTATIONS } from './follower-mutations.js';
import { HISTORY_MUTATIONS } from './history-mutations.js';
import { LATE_MUTATIONS } from './late-mutations.js';
import { type Mutation, replace } from './mutate.js';
import { REBUILD_MUTATIONS } from './rebuild-mutations.js';
import { SAGA_MUTATIONS } from './saga-mutations.js';
import { SNAPSHOT_MUTATIONS } from './snapshot-mutations.js';
import { STATE_MUTATIONS } from './state-mutations.js';
import { TIMER_MUTATIONS } from './timer-mutations.js';

function replaceGetter(prototype: object, name: string, get: () => unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  Object.defineProperty(prototype, name, { ...original, get });
  return () => Object.defineProperty(prototype, name, original);
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a key with events in flight is offered to every lane',
    apply: () =>
      replace(
        LaneScheduler.prototype,
        'enqueue',
        (original) =>
          function (this: LaneScheduler, reference, key) {
            const { inFlight } = key;
            key.inFlight = 0;
            original.call(this, reference, key);
            key.inFlight = inFlight;
          },
      ),
  },
  {
    name: 'the progress of some events is forgotten',
    apply: () =>
      replace(
        Progress.prototype,
        'finish',
        (original) =>
          function (this: Progress, position) {
            if (position % 7 !== 0) original.call(this, position);
          },
      ),
  },
  {
    name: 'an event is acknowledged before it is durable',
    apply: () => replace(Receipts.prototype, 'untilDurable', () => (receipt) => Promise.resolve(receipt)),
  },
  {
    name: 'emitted events and progress are two transactions',
    apply: () =>
      replace(
        CommitQueue.prototype,
        'add',
        (original) =>
          function (this: CommitQueue, slab) {
            original.call(this, slab);
            this.flush();
          },
      ),
  },
  {
    name: 'what a dead lane had is forgotten',
    apply: () =>
      replace(
        LanePump.prototype,
        'lost',
        (original) =>
          function (this: LanePump, seat, judgement) {
            seat.sent.takeAll();
            return original.call(this, seat, judgement);
          },
      ),
  },
  {
    name: 'keys under suspicion are never run again',
    apply: () =>
      replace(
        LanePump.prototype,
        'lost',
        (original) =>
          function (this: LanePump, seat, judgement) {
            original.call(this, seat, judgement);
            return [];
          },
      ),
  },
  {
    name: 'the log is read again from one event too late',
    apply: () =>
      replace(
        Progress.prototype,
        'nextUnfinished',
        (original) =>
          function (this: Progress, from) {
            return original.call(this, original.call(this, from) + 1);
          },
      ),
  },
  {
    name: 'a resumed key is opened one event too early',
    apply: () =>
      replace(
        Parking.prototype,
        'lastHeld',
        (original) =>
          function (this: Parking, key) {
            return original.call(this, key) - 1;
          },
      ),
  },
  {
    name: 'a parked key takes new events',
    apply: () =>
      replace(
        Parking.prototype,
        'park',
        (original) =>
          function (this: Parking, key, position, lastHeld, waves) {
            const held = original.call(this, key, position, lastHeld, waves);
            key.held = false;
            return held;
          },
      ),
  },
  {
    name: 'a key with a backlog takes new events',
    apply: () => replace(Backlog.prototype, 'holds', () => () => false),
  },
  {
    name: 'a dead letter that was handled stays one',
    apply: () => replace(CommitQueue.prototype, 'raise', () => () => {}),
  },
  {
    // One of the two is enough to find a deadly event: its note on the stack, or what was begun and not answered.
    name: 'a dead lane leaves no trace of what it had begun',
    apply: () => {
      const undo = [
        replaceGetter(LaneCell.prototype, 'running', () => undefined),
        replaceGetter(SentRows.prototype, 'begun', () => []),
      ];
      return () => {
        for (const one of undo) one();
      };
    },
  },
  {
    name: 'the neighbour of a deadly event is blamed',
    apply: () =>
      replace(
        LanePump.prototype,
        'lost',
        (original) =>
          function (this: LanePump, seat, judgement) {
            const neighbour = seat.sent.unanswered.find((row) => !judgement.guilty.includes(row));
            const guilty = neighbour === undefined ? judgement.guilty : [neighbour];
            return original.call(this, seat, { ...judgement, guilty, suspects: [] });
          },
      ),
  },
  {
    name: 'an answer is lost when its lane dies between two answers',
    apply: () =>
      replace(
        SentRows.prototype,
        'takeAll',
        (original) =>
          function (this: SentRows) {
            const begun = new Set(this.begun);
            return original.call(this).filter((row) => !begun.has(row));
          },
      ),
  },
  {
    name: 'answers are taken as they come, in whatever order that is',
    apply: () =>
      replace(
        LaneSeat.prototype,
        'inOrder',
        () =>
          function* (answer) {
            yield answer;
          },
      ),
  },
  {
    // Before it is seen it may tie a key's rows into a ring, in which the engine never ends.
    name: 'a row that was given back is run by both lanes',
    from: 7,
    apply: () => {
      const { compareExchange } = Atomics;
      // The main thread believes that it has the row, and does not say so.
      const careless = (cells: Int32Array, index: number, expected: number, value: number) =>
        value === 0 ? expected : compareExchange(cells, index, expected, value);
      Atomics.compareExchange = careless as typeof compareExchange;
      return () => {
        Atomics.compareExchange = compareExchange;
      };
    },
  },
  {
    name: 'progress is noted before the emitted events',
    apply: () =>
      replace(
        LanePump.prototype,
        'take',
        (original) =>
          function (this: LanePump, seat, answer) {
            original.call(this, seat, { ...answer, emitted: undefined });
            if (!answer.emitted) return;
            const late = { passed: 0, done: new Uint32Array(), failures: [], held: [], waiting: [] };
            // A turn later, so that the progress is committed alone.
            setImmediate(() => original.call(this, seat, { ...answer, ...late }));
          },
      ),
  },
  {
    name: 'a row that a dying lane held back is numbered before the held ones in front of it',
    part: 'same',
    from: 270,
    apply: () =>
      replace(
        KeyRuns.prototype,
        'numberBegun',
        () =>
          function (this: KeyRuns, reference) {
            this.number(reference);
          },
      ),
  },
  {
    name: 'a run goes on behind an emitted event that is handled',
    part: 'same',
    apply: () => {
      const undo = [
        replace(KeyAhead.prototype, 'emitted', () => () => {}),
        replace(KeyRuns.prototype, 'stop', () => () => {}),
      ];
      return () => {
        for (const one of undo) one();
      };
    },
  },
  ...FOLLOWER_MUTATIONS,
  ...LATE_MUTATIONS,
  ...STATE_MUTATIONS,
  ...REBUILD_MUTATIONS,
  ...HISTORY_MUTATIONS,
  ...TIMER_MUTATIONS,
  ...COMMAND_MUTATIONS,
  ...SNAPSHOT_MUTATIONS,
  ...SAGA_MUTATIONS,
];
