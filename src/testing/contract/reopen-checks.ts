import { lateName } from '../../store/consumer.js';
import { LANES } from '../../store/dead-letter.js';
import type { Store } from '../store.js';
import { command, commandChange, commandsIn } from './command-checks.js';
import { letter } from './dead-letter-checks.js';
import { LogState, Rows } from './rows.js';
import { STATE_TYPES, stateChange, toldOf } from './state-checks.js';
import { namesIn, timer, timerChange } from './timer-checks.js';
import {
  type MakeStore,
  RUN,
  type StoreCheck,
  type StoreContractOptions,
  same,
  sameEvents,
  Trial,
  TYPES,
} from './trial.js';

/** Opens a store, has something done to it, closes it and opens it again. */
type OpenTwice = (work: (trial: Trial) => Promise<void>, types?: typeof TYPES) => Promise<Trial>;

/** What a store must still know when it is opened again. */
export function reopenChecks(
  make: MakeStore,
  reopen: NonNullable<StoreContractOptions['reopen']>,
): StoreCheck[] {
  const openTwice: OpenTwice = async (work, types = TYPES) => {
    let closed: Store;
    {
      await using trial = await Trial.open(make(RUN));
      closed = trial.store;
      await work(trial);
    }
    return Trial.open(reopen(closed, RUN), types);
  };
  return [
    existsCheck(make, reopen),
    ...logAgainChecks(openTwice),
    typesAgainCheck(openTwice),
    ...stateAgainChecks(openTwice),
    keyStatesAgainCheck(openTwice),
    timersAgainCheck(openTwice),
    commandsAgainCheck(openTwice),
  ];
}

function existsCheck(make: MakeStore, reopen: NonNullable<StoreContractOptions['reopen']>): StoreCheck {
  return {
    name: 'a store says whether there is a log for it to open',
    run: async () => {
      const fresh = await make(RUN);
      same(fresh.exists(), false, 'exists() of a new store');
      const first = await Trial.open(fresh);
      await first.close();
      const again = await reopen(first.store, RUN);
      same(again.exists(), true, 'exists() of a store that is to be reopened');
      await using _second = await Trial.open(again);
    },
  };
}

/** Events and names. */
function logAgainChecks(openTwice: OpenTwice): StoreCheck[] {
  return [
    {
      name: 'a reopened store has its events, names and run, and goes on behind them',
      run: async () => {
        const log = new LogState();
        const rows = new Rows(log);
        for (let number = 0; number < 30; number++) rows.add({ aggregate: `a${number % 4}`, key: 'k' });
        await using trial = await openTwice((first) => first.commit({ segments: rows.take() }));
        const { run, lastPosition, lastName } = trial.state;
        same({ run, lastPosition, lastName }, { run: RUN, lastPosition: 30, lastName: 5 }, 'state');
        const next = new Rows(log, { slab: 2 }).add({ aggregate: 'a1' }, { aggregate: 'new' });
        await trial.commit({ segments: next.take() });
        const expected = [...rows.expected, ...next.expected];
        sameEvents(trial.readAll({ from: 1 }), expected, 'of the log');
        const own = expected.filter(({ aggregate }) => aggregate === log.name('a1').id);
        sameEvents(trial.readAll({ aggregate: log.name('a1').id, from: 1 }), own, 'of an aggregate');
        for (const [name, { id }] of log.names) same(trial.reader.nameOf(id), name, `nameOf(${id})`);
      },
    },
    {
      name: 'a reopened store knows the last version of each name, or gives all events to count',
      run: async () => {
        const log = new LogState();
        const rows = new Rows(log).add({ aggregate: 'a' }, { aggregate: 'b' }, { aggregate: 'a' });
        await using trial = await openTwice((first) => first.commit({ segments: rows.take() }));
        const all = trial.reader.allNames(100);
        const found = all ? [...all] : ['a', 'b'].map((name) => trial.reader.findName(name));
        const versions = found.map((name) => [name?.name, name?.version]).sort();
        same(
          versions,
          [
            ['a', 2],
            ['b', 1],
          ],
          'versions',
        );
      },
    },
  ];
}

function typesAgainCheck(openTwice: OpenTwice): StoreCheck {
  return {
    name: 'event types keep their numbers, and new ones get new numbers',
    run: async () => {
      const added = { name: 'row.added', version: 1, volatile: [] };
      const newer = { name: 'row.written', version: 2, volatile: [] };
      const rows = new Rows(new LogState()).add({ aggregate: 'a' }, { aggregate: 'a', type: 2 });
      await using trial = await openTwice(
        (first) => first.commit({ segments: rows.take() }),
        [newer, added, ...TYPES.slice(1)],
      );
      const names = [...trial.state.types]
        .sort((a, b) => a.id - b.id)
        .map((type) => [type.name, type.version]);
      same(
        names.slice(0, 2),
        [
          ['row.written', 1],
          ['row.counted', 2],
        ],
        'the first types',
      );
      same(
        names.slice(2).sort(),
        [
          ['row.added', 1],
          ['row.written', 2],
        ],
        'the new types',
      );
    },
  };
}

/** Progress, shapes and dead letters. */
function stateAgainChecks(openTwice: OpenTwice): StoreCheck[] {
  return [
    {
      name: 'progress is a mark and the chunks above it',
      run: async () => {
        const rows = new Rows(new LogState());
        for (let number = 0; number < 20; number++) rows.add({ aggregate: 'a' });
        const bits = new Uint8Array(1024);
        bits[1] = 0b101;
        await using trial = await openTwice(async (first) => {
          await first.commit({ segments: rows.take(), progress: { mark: 2, chunks: [] } });
          await first.commit({ progress: { mark: 4, chunks: [{ index: 0, bits }] } });
        });
        same(trial.state.progress, { mark: 4, chunks: [{ index: 0, bits }] }, 'state.progress');
      },
    },
    {
      name: 'shapes are numbered for the life of the log',
      run: async () => {
        const shapes = [['order', 'amount'], ['note']];
        const rows = new Rows(new LogState(), { shapes }).add({ aggregate: 'a', data: { note: 'n' } });
        await using trial = await openTwice(async (first) => {
          await first.commit({ segments: rows.take(), shapes: shapes.slice(0, 1) });
          await first.commit({ shapes: shapes.slice(1) });
        });
        same(trial.state.shapes, shapes, 'state.shapes');
        const [event] = trial.readAll({ from: 1 });
        same(event && trial.reader.codec.unpack(event.data), { note: 'n' }, 'payload');
      },
    },
    {
      name: 'parked dead letters, and those to be tried again, are known at the next opening',
      run: async () => {
        const rows = new Rows(new LogState());
        for (let number = 0; number < 6; number++) rows.add({ aggregate: 'a' });
        const owners = [lateName('a.b', 'late', 4)];
        const put = [
          letter(2, { owners }),
          letter(3, { owners: [...owners, LANES], state: 'skipped' }),
          letter(4, { retry: true, state: 'skipped' }),
          letter(5, { retry: true }),
        ];
        await using trial = await openTwice((first) =>
          first.commit({ segments: rows.take(), deadLetters: { put, remove: [] } }),
        );
        const expected = {
          parked: [{ position: 2, key: 1, owners }],
          retry: [4],
          retryParked: [5],
          late: new Map([[owners[0], { parked: 1, skipped: 1 }]]),
        };
        same(trial.state.deadLetters, expected, 'state.deadLetters');
        same(trial.reader.deadLetters({ after: 0, limit: 9 }), put, 'dead letters');
      },
    },
  ];
}

/** The states of keys. */
function keyStatesAgainCheck(openTwice: OpenTwice): StoreCheck {
  return {
    name: 'a reopened store has the states of its keys and knows their types',
    run: async () => {
      const rows = new Rows(new LogState()).add({ aggregate: 'a' }, { aggregate: 'b' });
      await using trial = await openTwice(async (first) => {
        same(first.state.states, [], 'state.states of a new store');
        await first.commit({
          segments: rows.take(),
          states: stateChange(
            [
              [1, 1, 1, 4],
              [2, 2, 2, 0],
            ],
            STATE_TYPES,
          ),
        });
      });
      same(trial.state.states, STATE_TYPES, 'state.states');
      const expected = [
        [1, 1, 1, 4],
        [2, 2, 2, 0],
      ];
      same(toldOf(trial, { from: 0, limit: 9 }), expected, 'states');
    },
  };
}

function timersAgainCheck(openTwice: OpenTwice): StoreCheck {
  return {
    name: 'a reopened store has its pending timers, and says that there are some',
    run: async () => {
      const rows = new Rows(new LogState()).add({ aggregate: 'a' }, { aggregate: 'b' });
      const later = timer(1, 'later', 9e14);
      await using trial = await openTwice(async (first) => {
        same(first.state.timers, false, 'state.timers of a new store');
        await first.commit({ segments: rows.take(), timers: timerChange([later, timer(2, 'soon', 5)]) });
        await first.commit({ timers: timerChange([], [[2, 'soon']]) });
      });
      same(trial.state.timers, true, 'state.timers');
      same(namesIn(trial), ['1 later'], 'timers');
      same(trial.reader.timer(1, 'later'), later, 'a timer with its event');
    },
  };
}

function commandsAgainCheck(openTwice: OpenTwice): StoreCheck {
  return {
    name: 'a reopened store has the commands of handlers that are not decided, and says the highest number of them',
    run: async () => {
      const rows = new Rows(new LogState()).add({ aggregate: 'a' });
      await using trial = await openTwice(async (first) => {
        same(first.state.commands, 0, 'state.commands of a new store');
        const put = [command(1), command(2, 'x'), command(3)];
        await first.commit({ segments: rows.take(), commands: commandChange(put) });
        await first.commit({ commands: commandChange([], [1, 3]) });
      });
      same(trial.state.commands, 2, 'state.commands');
      same(commandsIn(trial), [command(2, 'x')], 'commands');
    },
  };
}
