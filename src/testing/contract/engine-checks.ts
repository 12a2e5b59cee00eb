import { z } from 'zod';
import { ConcurrencyError } from '../../faces/errors.js';
import { type DomainEvent, defineEvent, defineHandlers, type ReadOptions } from '../../index.js';
import type { Store } from '../store.js';
import { createTestEngine, type TestEngine } from '../test-engine.js';
import { type MakeStore, RUN, type StoreCheck, type StoreContractOptions, same } from './trial.js';

const Put = defineEvent('contract.put', {
  schema: z.object({ key: z.string(), number: z.number(), fails: z.boolean().default(false) }),
  aggregateId: ({ key }) => key,
});

const Counted = defineEvent('contract.counted', {
  schema: z.object({ key: z.string(), number: z.number() }),
  aggregateId: ({ key }) => `count-${key}`,
  partitionKey: ({ key }) => key,
});

const EVENTS = [Put, Counted];

/** Counts what it is given, and fails when the event says so and nobody has healed it. */
const counter = (healed: boolean, onFailure: 'park' | 'stop' = 'park') =>
  defineHandlers('counter', (on) => {
    on(
      Put,
      ({ data: { key, number, fails } }, ctx) => {
        if (fails && !healed) throw new Error(`number ${number} fails`);
        ctx.emit(Counted({ key, number }));
      },
      { onFailure },
    );
  });

async function read(engine: TestEngine, options: ReadOptions): Promise<DomainEvent[]> {
  const events: DomainEvent[] = [];
  for await (const event of engine.read(options)) events.push(event);
  return events;
}

const numbersOf = (events: readonly DomainEvent[]) =>
  events.map(({ data }) => (data as { readonly number: number }).number);

/** More events than a slab has rows, so that slabs are used again while the store is at work. */
const MANY = 3000;

type OpenEngine = (store: Store, healed?: boolean, onFailure?: 'park' | 'stop') => Promise<TestEngine>;

/** Whether a whole engine works on a store. */
export function engineChecks(make: MakeStore, { reopen }: StoreContractOptions): StoreCheck[] {
  const open: OpenEngine = (store, healed = true, onFailure = 'park') =>
    createTestEngine({ events: EVENTS, handlers: [counter(healed, onFailure)], store });
  const checks = [...logEngineChecks(make, open), ...handledEngineChecks(make, open)];
  return reopen ? [...checks, ...reopenedEngineChecks(make, reopen, open)] : checks;
}

/** What an engine stores and reads. */
function logEngineChecks(make: MakeStore, open: OpenEngine): StoreCheck[] {
  return [
    {
      name: 'an engine stores, handles and reads thousands of events',
      run: async () => {
        await using engine = await open(await make(RUN));
        const events = Array.from({ length: MANY }, (_, number) => Put({ key: `k${number % 11}`, number }));
        await engine.publishMany(events, { until: 'handled' });
        const log = await read(engine, {});
        same(log.length, 2 * MANY, 'number of events');
        same(
          log.map(({ position }) => position),
          log.map((_, index) => index + 1),
          'positions',
        );
        for (const aggregateId of ['k3', 'count-k3']) {
          const own = log.filter((event) => event.aggregateId === aggregateId);
          same(
            numbersOf(await read(engine, { aggregateId, fromVersion: 5 })),
            numbersOf(own).slice(4),
            `numbers of ${aggregateId}`,
          );
        }
      },
    },
    {
      name: 'append finds the version at which an aggregate is',
      run: async () => {
        await using engine = await open(await make(RUN));
        await engine.append('a', [Put({ key: 'a', number: 1 }), Put({ key: 'a', number: 2 })], {
          expectedVersion: 0,
        });
        const stale = engine.append('a', [Put({ key: 'a', number: 3 })], { expectedVersion: 1 });
        const refused = await stale.catch((error: unknown) => error);
        same(refused instanceof ConcurrencyError, true, 'refusal of a stale append');
      },
    },
  ];
}

/** What an engine does with handlers. */
function handledEngineChecks(make: MakeStore, open: OpenEngine): StoreCheck[] {
  return [
    {
      name: 'a deterministic run has the fingerprint that it has in memory',
      run: async () => {
        const fingerprints: string[] = [];
        for (const store of [undefined, await make(RUN)]) {
          await using engine = await createTestEngine({
            events: EVENTS,
            handlers: [counter(true)],
            deterministic: true,
            run: RUN,
            ...(store && { store }),
          });
          for (let number = 0; number < 100; number++) {
            engine.clock.advance(1);
            await engine.publish(Put({ key: `k${number % 5}`, number }));
          }
          fingerprints.push(await engine.fingerprint());
        }
        same(fingerprints[1], fingerprints[0], 'fingerprint');
      },
    },
    {
      name: 'a key is parked behind its failed event, and goes on when that is discarded',
      run: async () => {
        await using engine = await open(await make(RUN), false);
        for (const [number, fails] of [
          [1, false],
          [2, true],
          [3, false],
        ] as const) {
          await engine.publish(Put({ key: 'a', number, fails }));
        }
        await engine.drain();
        const letters = await engine.deadLetters.list();
        same(
          letters.map(({ key, state, version }) => ({ key, state, version })),
          [{ key: 'a', state: 'parked', version: 2 }],
          'dead letters',
        );
        await engine.deadLetters.discard(letters[0]?.position ?? 0);
        await engine.drain();
        same(numbersOf(await read(engine, { aggregateId: 'count-a' })), [1, 3], 'handled numbers');
      },
    },
  ];
}

function reopenedEngineChecks(
  make: MakeStore,
  reopen: NonNullable<StoreContractOptions['reopen']>,
  open: OpenEngine,
): StoreCheck[] {
  return [
    {
      name: 'an engine that stopped goes on with what was durable and not handled, and does nothing twice',
      run: async () => {
        const store = await make(RUN);
        const first = await open(store, false, 'stop');
        try {
          for (let number = 1; number <= 20; number++) {
            await first.publish(Put({ key: `k${number % 3}`, number, fails: number === 20 }));
          }
          await first.drain().catch(() => {});
        } finally {
          // It has failed, as it should.
          await first.close().catch(() => {});
        }
        await using second = await open(await reopen(store, RUN));
        await second.drain();
        const counted = await read(second, { types: [Counted.type] });
        same(
          numbersOf(counted).sort((a, b) => a - b),
          Array.from({ length: 20 }, (_, index) => index + 1),
          'numbers that were counted',
        );
        const { version } = await second.publish(Put({ key: 'k1', number: 21 }));
        same(version, 8, 'next version of k1');
      },
    },
    {
      name: 'a key that was parked is parked when the store is opened again',
      run: async () => {
        const store = await make(RUN);
        const first = await open(store, false);
        try {
          await first.publish(Put({ key: 'a', number: 1, fails: true }));
          await first.publish(Put({ key: 'a', number: 2 }));
          await first.drain();
        } finally {
          await first.close();
        }
        await using second = await open(await reopen(store, RUN));
        same(second.stats().parkedKeys, 1, 'parked keys');
        await second.deadLetters.retry(1);
        await second.drain();
        same(numbersOf(await read(second, { aggregateId: 'count-a' })), [1, 2], 'handled numbers');
      },
    },
  ];
}
