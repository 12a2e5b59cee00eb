import { copyFileSync } from 'node:fs';
import type { Engine, NewEvent } from 'millrace';
import { expect, test, vi } from 'vitest';
import { Ledger, Stepped } from '../../handlers/ledgers.mjs';
import { collect } from '../../support/collect.js';
import { ledgers } from '../../support/ledgers.js';
import { openForTests } from '../../support/open-test-engine.js';
import { tempFolder, tempStore } from '../../support/temp-folder.js';

type Consumer = Awaited<ReturnType<Engine['consumers']['start']>>;

/** An engine whose aggregates are cold, with a consumer that has a dead letter, and one that is paused. */
interface Given {
  readonly engine: Engine;
  readonly runs: Consumer;
  readonly paused: Consumer;
}

const stepped = (ledger: string, n = 1): NewEvent => Stepped({ ledger, n, how: 'add' }, { occurredAt: 5 });
const state = <State>(value: State): State => value;

async function all(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

/** Everything that an engine does and answers later. */
const CALLS: Readonly<Record<string, (given: Given) => PromiseLike<unknown> | undefined>> = {
  'publish until accepted': ({ engine }) => engine.publish(stepped('a'), { until: 'accepted' }),
  'publish until durable': ({ engine }) => engine.publish(stepped('a')),
  'publish until handled': ({ engine }) => engine.publish(stepped('a'), { until: 'handled' }),
  publishMany: ({ engine }) => engine.publishMany([stepped('a'), stepped('new')], { until: 'handled' }),
  append: ({ engine }) => engine.append('a', [stepped('a')]),
  'append at a version': ({ engine }) => engine.append('a', [stepped('a')], { expectedVersion: 3 }),
  ready: ({ engine }) => engine.ready(),
  execute: ({ engine }) => engine.execute(Ledger, 'a', 'step', { n: 1 }),
  'execute, refused': ({ engine }) => engine.execute(Ledger, 'a', 'refuse', undefined),
  query: ({ engine }) => engine.query(Ledger, 'a', state),
  'query of nothing': ({ engine }) => engine.query(Ledger, 'new', state),
  'query beside a command': ({ engine }) => {
    const step = engine.execute(Ledger, 'a', 'later', { n: 1, hows: ['add'] });
    return Promise.all([step, engine.query(Ledger, 'a', state), engine.query(Ledger, 'b', state)]);
  },
  read: ({ engine }) => collect(engine),
  last: ({ engine }) => engine.last('a'),
  follow: ({ engine }) => all(engine.follow({ from: 'now' })),
  'follow from the start': ({ engine }) => all(engine.follow({ from: 'start', name: 'f' })),
  trace: ({ engine }) => engine.trace({ position: 1 }),
  recovered: ({ engine }) => engine.recovered,
  drain: ({ engine }) => engine.drain(),
  fingerprint: ({ engine }) => engine.fingerprint(),
  setThreads: ({ engine }) => engine.setThreads(engine.stats().threads),
  broadcast: ({ engine }) => engine.broadcast({ hello: 1 }),
  recover: ({ engine }) => engine.recover(),
  profile: ({ engine }) => engine.profile({ seconds: 600, directory: tempFolder(), force: true }),
  heapSnapshots: ({ engine }) => engine.heapSnapshots(tempFolder(), { force: true }),
  countObjects: ({ engine }) => engine.countObjects(),
  'deadLetters.list': ({ engine }) => engine.deadLetters.list(),
  'deadLetters.retry': ({ engine }) => engine.deadLetters.retry(1),
  'deadLetters.discard': ({ engine }) => engine.deadLetters.discard(1),
  'consumers.start': ({ engine }) => engine.consumers.start({ name: 'new', from: 'start', handle: () => {} }),
  'consumers.remove': ({ engine }) => engine.consumers.remove('runs'),
  'consumer.pause': ({ runs }) => runs.pause(),
  'consumer.replay': ({ runs }) => runs.replay(1),
  'consumer.whenCaughtUp': ({ runs }) => runs.whenCaughtUp(),
  'consumer.whenCaughtUp, of what is not there yet': ({ runs }) => runs.whenCaughtUp(1000),
  'consumer.whenCaughtUp, paused': ({ paused }) => paused.whenCaughtUp(),
  'consumer.retry': ({ runs }) => runs.retry(2),
  'consumer.discard': ({ runs }) => runs.discard(2),
  'consumer.stop': ({ runs }) => runs.stop(),
};

const HEAVY = ['heapSnapshots', 'countObjects'];

interface How {
  readonly threads: number;
  readonly isStored: boolean;
  readonly deterministic: boolean;
}

const FILL = [stepped('a'), stepped('b'), stepped('a', 2)];

/** A closed file in which the aggregates are: who copies it has them cold. */
async function filled({ deterministic }: How): Promise<string> {
  const store = tempStore();
  const engine = await openForTests({ ...ledgers({}), store, durability: 'os', deterministic });
  await engine.publishMany(FILL, { until: 'handled' });
  await engine.close();
  return store;
}

async function given({ threads, isStored, deterministic }: How, file: string): Promise<Given> {
  const store = tempStore();
  if (isStored) copyFileSync(file, store);
  const engine = await openForTests({
    ...ledgers({}, threads),
    ...{ threads, deterministic },
    ...(isStored ? { store, durability: 'os' } : { durability: 'memory' }),
  });
  if (!isStored) await engine.publishMany(FILL, { until: 'handled' });
  const handle = ({ position }: { readonly position: number }) => {
    if (position === 2) throw new Error('ill');
  };
  const runs = await engine.consumers.start({
    name: 'runs',
    from: 'start',
    retries: 0,
    onFailure: 'skip',
    handle,
  });
  await runs.whenCaughtUp();
  const paused = await engine.consumers.start({ name: 'paused', from: 'start', handle: () => {} });
  await paused.pause();
  return { engine, runs, paused };
}

const HOWS: readonly How[] = [
  { threads: 0, isStored: false, deterministic: false },
  { threads: 1, isStored: false, deterministic: false },
  { threads: 0, isStored: true, deterministic: true },
  ...(process.env.MILLRACE_THOROUGH === '1'
    ? [
        { threads: 0, isStored: true, deterministic: false },
        { threads: 1, isStored: true, deterministic: false },
        { threads: 1, isStored: true, deterministic: true },
      ]
    : []),
];

test.each(
  HOWS,
)('what is asked for right before close has an answer: $threads threads, stored: $isStored, deterministic: $deterministic', async (how) => {
  const silent: string[] = [];
  const file = await filled(how);
  for (const [name, call] of Object.entries(CALLS)) {
    // They look through the whole heap of this process, which takes a second each; so once.
    if (HEAVY.includes(name) && how !== HOWS[0]) continue;
    const there = await given(how, file);
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    call(there)?.then(settle, settle);
    await there.engine.close();
    // What hears of the end may have something left to do, such as a file to write.
    await vi.waitUntil(() => isSettled, { timeout: 20_000 }).catch(() => silent.push(name));
  }
  expect(silent).toEqual([]);
}, 120_000);
