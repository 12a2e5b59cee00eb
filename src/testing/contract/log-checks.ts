import { TestAssertionError } from '../../faces/errors.js';
import { LogState, Rows } from './rows.js';
import { type MakeStore, RUN, type StoreCheck, same, sameEvents, Trial, TYPES } from './trial.js';

/** More than one page, over several aggregates that take turns. */
function someRows(log: LogState, count: number, slab = 1): Rows {
  const rows = new Rows(log, { slab });
  for (let number = 1; number <= count; number++) {
    rows.add({ aggregate: `a${number % 3}`, data: { number } });
  }
  return rows;
}

type Open = () => Promise<Trial>;

/** What every store must do with events, whether or not it outlives its engine. */
export function logChecks(make: MakeStore): StoreCheck[] {
  const open: Open = () => Trial.open(make(RUN));
  return [...stateChecks(open), ...commitChecks(open), ...readChecks(open), ...payloadChecks(open)];
}

/** Of a new store, and of one that is closed. */
function stateChecks(open: Open): StoreCheck[] {
  return [
    {
      name: 'a new store is empty and has numbered the event types',
      run: async () => {
        await using trial = await open();
        const { types, ...state } = trial.state;
        same(
          state,
          {
            run: RUN,
            lastPosition: 0,
            lastName: 0,
            shapes: [],
            progress: { mark: 0, chunks: [] },
            deadLetters: { parked: [], retry: [], retryParked: [], late: new Map() },
            states: [],
            timers: false,
            commands: 0,
            indexed: 0,
          },
          'state',
        );
        const numbered = [...types].sort((a, b) => a.id - b.id);
        same(
          numbered,
          TYPES.map((type, index) => ({ ...type, id: index + 1 })),
          'state.types',
        );
        for (const type of types) same(trial.reader.types.get(type.id), type, `reader.types(${type.id})`);
        sameEvents(trial.readAll({ from: 1 }), [], 'of an empty log');
        same(trial.reader.findName('nobody'), undefined, 'findName of an unknown name');
      },
    },
    {
      name: 'a commit without events is a commit',
      run: async () => {
        await using trial = await open();
        await trial.commit({ progress: { mark: 0, chunks: [] } });
        await trial.commit({});
        sameEvents(trial.readAll({ from: 1 }), [], 'of the log');
      },
    },
    {
      name: 'a closed store is not read any more',
      run: async () => {
        const trial = await open();
        await trial.commit({ segments: someRows(new LogState(), 1).take() });
        await trial.close();
        let code: unknown;
        try {
          trial.reader.page({ from: 1, limit: 1 });
        } catch (error) {
          code = (error as { code?: unknown }).code;
        }
        if (code === 'MILLRACE_CLOSED') return;
        throw new TestAssertionError(
          'Reading a closed store must throw an EngineClosedError, so that nobody takes it for an empty one.',
        );
      },
    },
  ];
}

/** What comes in is there, and in order. */
function commitChecks(open: Open): StoreCheck[] {
  return [
    {
      name: 'what is committed is read as it went in',
      run: async () => {
        await using trial = await open();
        const rows = new Rows(new LogState()).add(
          { aggregate: 'plain', data: { text: 'ä€😀', list: [1, 2.5, null], at: new Date(0) } },
          { aggregate: 'keyed', key: 'another', data: { bytes: Buffer.from([0, 255]) } },
          { aggregate: 'caused', causation: 1, metadata: Buffer.from([0x81, 0xa1, 0x63, 0xa1, 0x78]) },
          { aggregate: 'plain', key: 'another', type: 2, causation: 2, metadata: Buffer.from([0x80]) },
          { aggregate: 'another', data: 'not an object' },
        );
        await trial.commit({ segments: rows.take() });
        sameEvents(trial.readAll({ from: 1 }), rows.expected, 'of the log');
        for (const { data } of trial.readAll({ from: 1 })) trial.reader.codec.unpack(data);
      },
    },
    {
      name: 'commits are stored in the order in which they were made, also when nobody waits between them',
      run: async () => {
        await using trial = await open();
        const log = new LogState();
        const first = someRows(log, 20);
        const commits = [trial.commit({ segments: first.take() })];
        for (let round = 0; round < 10; round++) {
          for (let row = 0; row < 5; row++) first.add({ aggregate: `b${row}` });
          commits.push(trial.commit({ segments: first.take() }));
        }
        await Promise.all(commits);
        sameEvents(trial.readAll({ from: 1 }), first.expected, 'of the log');
      },
    },
    {
      name: 'a commit may have several pieces, of several slabs',
      run: async () => {
        await using trial = await open();
        const log = new LogState();
        const one = someRows(log, 4, 1);
        const segments = one.take();
        const two = someRows(log, 3, 2);
        segments.push(...two.take());
        one.add({ aggregate: 'late' });
        segments.push(...one.take());
        await trial.commit({ segments });
        const expected = [...one.expected, ...two.expected].sort((a, b) => a.position - b.position);
        sameEvents(trial.readAll({ from: 1 }), expected, 'of the log');
      },
    },
    {
      name: "a slab's memory may be used again once its commit has resolved",
      run: async () => {
        await using trial = await open();
        const rows = someRows(new LogState(), 10);
        await trial.commit({ segments: rows.take() });
        rows.slab.bytes.fill(0xff);
        for (const column of [rows.slab.version, rows.slab.dataOffset, rows.slab.type]) column.fill(99);
        trial.store.forget(rows.slab);
        sameEvents(trial.readAll({ from: 1 }), rows.expected, 'after their slab was overwritten');
        same(trial.reader.nameOf(1), 'a1', 'nameOf(1) after the slab was overwritten');
      },
    },
  ];
}

/** Pages, aggregates and names. */
function readChecks(open: Open): StoreCheck[] {
  return [
    {
      name: 'pages begin where they are asked to and have no more events than asked for',
      run: async () => {
        await using trial = await open();
        const rows = someRows(new LogState(), 50);
        await trial.commit({ segments: rows.take() });
        const { expected } = rows;
        for (const [from, limit] of [
          [1, 1],
          [1, 64],
          [30, 7],
          [50, 5],
          [51, 5],
          [1000, 5],
        ] as const) {
          const page = trial.reader.page({ from, limit });
          sameEvents(page, expected.slice(from - 1, from - 1 + limit), `of the page (${from}, ${limit})`);
        }
      },
    },
    {
      name: "an aggregate's events are read in version order, with and without the engine's help",
      run: async () => {
        await using trial = await open();
        const log = new LogState();
        const rows = someRows(log, 50);
        await trial.commit({ segments: rows.take() });
        for (const { id } of log.names.values()) {
          const own = rows.expected.filter(({ aggregate }) => aggregate === id);
          const tail = (after: number) => own.map(({ position }) => position).filter((one) => one > after);
          for (const query of [{ aggregate: id }, { aggregate: id, tail }]) {
            sameEvents(trial.readAll({ ...query, from: 1 }), own, `of aggregate ${id}`);
            sameEvents(
              trial.readAll({ ...query, from: 9 }),
              own.slice(8),
              `of aggregate ${id} from version 9`,
            );
          }
        }
        sameEvents(trial.readAll({ aggregate: 99, from: 1 }), [], 'of an unknown aggregate');
      },
    },
    {
      name: 'names are found by number and numbers by name, of aggregates and of partition keys',
      run: async () => {
        await using trial = await open();
        const log = new LogState();
        const rows = new Rows(log).add(
          { aggregate: 'order-1', key: 'ann' },
          { aggregate: 'ümläut/😀', key: 'order-1' },
        );
        await trial.commit({ segments: rows.take() });
        for (const [name, { id }] of log.names) {
          same(trial.reader.nameOf(id), name, `nameOf(${id})`);
          same(trial.reader.findName(name)?.id, id, `findName('${name}').id`);
        }
      },
    },
  ];
}

/** Shapes and sizes. */
function payloadChecks(open: Open): StoreCheck[] {
  return [
    {
      name: 'payloads refer to shapes that came with their commit or before',
      run: async () => {
        await using trial = await open();
        const shapes = [['order', 'amount'], ['note']];
        const rows = new Rows(new LogState(), { shapes });
        const payloads = [{ order: 'a', amount: 1 }, { note: 'n' }, { order: 'b', amount: 2 }];
        await trial.commit({ segments: rows.add({ aggregate: 'a', data: payloads[0] }).take(), shapes });
        for (const data of payloads.slice(1)) rows.add({ aggregate: 'a', data });
        await trial.commit({ segments: rows.take() });
        const read = trial.readAll({ from: 1 }).map(({ data }) => trial.reader.codec.unpack(data));
        same(read, payloads, 'payloads');
      },
    },
    {
      name: 'an event of a megabyte comes back whole',
      run: async () => {
        await using trial = await open();
        const rows = new Rows(new LogState(), { bytes: 2 ** 21 });
        rows.add({ aggregate: 'large', data: { text: 'x'.repeat(2 ** 20) } });
        await trial.commit({ segments: rows.take() });
        sameEvents(trial.readAll({ from: 1 }), rows.expected, 'of the log');
      },
    },
  ];
}
