import { PAYLOAD_BYTES } from '../../dist/support/events.js';
import { type Bench, type Measured, resultOf, round } from '../../dist/support/report.js';
import type { Session } from '../../dist/support/session.js';
import { calibrate, WORK_KEYS } from '../../dist/support/work.js';
import { describePackages, versionOf, whyNot } from './available.js';
import { EVENTS_PER_APPEND, STREAMS } from './load.js';
import { type Entry, entries, THREADS } from './peers.js';

const MICROS = 200;

/** Each ratio: ours, theirs. */
const RATIOS: Readonly<Record<string, readonly [ours: string, theirs: string]>> = {
  vsEmmett: ['millrace', 'emmett'],
  vsAct: ['millrace', 'act'],
  vsBullMQ: ['millrace', 'bullmq, AOF always'],
  'vsEmmett, one batch': ['millrace', 'emmett, one batch'],
  'vsEmmett, append by append': ['millrace, append by append', 'emmett'],
  'vsAct, append by append': ['millrace, append by append', 'act'],
  'vsEmmett, inline projection': ['millrace', 'emmett, inline projection'],
  'vsEmmett, append alone': ['millrace', 'emmett, append alone'],
  'vsBullMQ, memory': ['millrace, memory', 'bullmq, memory'],
  'work vsPiscina': ['work: millrace', 'work: piscina'],
  'work vsWorkerpool': ['work: millrace', 'work: workerpool'],
  'work vsBullMQ threads': ['work: millrace', 'work: bullmq threads'],
  'dispatch vsNestJS': ['dispatch: millrace', 'dispatch: nestjs'],
  'dispatch vsEmmett bus': ['dispatch: millrace', 'dispatch: emmett bus'],
};

/** What the words of the table mean, and where a comparison is not quite even. */
const NOTES = {
  durability:
    'synchronous FULL and WAL for millrace, emmett (set, and read back after the run) and act (its client opens connections as it likes; FULL is their default, read before and after the run); an fsync for every turn of Redis for AOF always',
  payload: '8 fields; emmett and act store JSON, bullmq JSON, millrace MessagePack',
  millrace:
    'publishMany, one lane thread; append by append: one awaited append of 100 events, as emmett and act are driven',
  emmett:
    'one connection for appends and consumer, 1,000 events a batch without a pause; its version 0.42.4 stores no progress beyond the first batch; one batch: the consumer reads the whole run at once, the only way in which its progress is right',
  act: 'an action that emits 100 events, a batch projection, 1,000 events a drain; schemas that check nothing',
  bullmq:
    'addBulk of 100, 100 jobs under way, no order per key; CPU includes that of Redis, on a Unix socket',
  work: `${MICROS} µs of arithmetic an event on ${THREADS} threads, nothing stored; only millrace keeps order per key`,
  dispatch: 'one subscriber on the main thread, nothing stored; only millrace numbers the events',
} as const;

const LEFT_OUT = 'node-cqrs: the version at hand, 0.16.0, has no SQLite store';

/** The same work done by others: on equal durability where they have it. */
export const peers: Bench = {
  name: 'peers',
  title: 'Emmett, Act, BullMQ, NestJS, Piscina, workerpool',
  async run(session: Session): Promise<Measured> {
    const rounds = calibrate(MICROS);
    const { able, skipped } = await sort(entries(session.mode, rounds), session);
    const runs = await session.rounds(
      Object.fromEntries(able.map(({ name, contestant }) => [name, contestant])),
    );
    const names = new Set(able.map(({ name }) => name));
    const ratios = Object.entries(RATIOS).filter(([, pair]) => pair.every((name) => names.has(name)));
    return {
      config: {
        keys: `${STREAMS.toLocaleString('en')}, ${EVENTS_PER_APPEND} events of one after another; work: ${WORK_KEYS}`,
        payloadBytes: PAYLOAD_BYTES.small,
        warmup: '1,000 to 100,000 events, each at its own pace',
        handlerMicros: MICROS,
        rounds,
        validate: 'off',
        repeats: session.repeats,
        ...NOTES,
        versions: describePackages(able.flatMap(({ packages }) => packages)).join(', '),
        redis: versionOf('redis-server') ?? 'none',
        skipped: [...skipped, LEFT_OUT].join('; '),
      },
      results: able.map(({ name }) => resultOf(runs, name)),
      ratios: Object.fromEntries(
        ratios.map(([name, [ours, theirs]]) => [name, round(runs.ratio(ours, theirs))]),
      ),
      targets: { vsEmmett: { atLeast: 80 }, vsAct: { atLeast: 15 } },
    };
  },
};

/** Who can be measured here, and why the others cannot. */
async function sort(
  all: readonly Entry[],
  session: Session,
): Promise<{ readonly able: readonly Entry[]; readonly skipped: readonly string[] }> {
  const able: Entry[] = [];
  const skipped: string[] = [];
  for (const entry of all) {
    const reason = await whyNot(entry, session);
    if (reason === undefined) {
      able.push(entry);
      continue;
    }
    skipped.push(`${entry.name}: ${reason}`);
    session.log(`SKIPPED ${entry.name}: ${reason}`);
  }
  return { able, skipped };
}
