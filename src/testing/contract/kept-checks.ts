import { z } from 'zod';
import { CommandRefusedError, ConcurrencyError } from '../../faces/errors.js';
import { defineEvent, defineHandlers, defineState } from '../../index.js';
import { defineAggregate } from '../../lanes/aggregates/define-aggregate.js';
import type { Store } from '../store.js';
import { createTestEngine, type TestEngine } from '../test-engine.js';
import { type MakeStore, RUN, type StoreCheck, type StoreContractOptions, same } from './trial.js';

const schema = z.object({ id: z.string(), amount: z.number() });
const Added = defineEvent('contract.added', { schema, aggregateId: ({ id }) => id });
const Reminded = defineEvent('contract.reminded', {
  schema,
  aggregateId: ({ id }) => `reminders-${id}`,
  partitionKey: ({ id }) => id,
});
const Total = defineState({ name: 'contract-total', initial: () => ({ sum: 0, reminders: 0 }) });

/** An amount of one cancels the reminder, and every other one sets it anew; one of a thousand fails after all. */
const totals = defineHandlers('totals', (on) => {
  on(Added, { state: Total, onFailure: 'skip' }, ({ data: { id, amount } }, total, ctx) => {
    total.sum += amount;
    if (amount === 1) ctx.cancel('reminder');
    else ctx.schedule(Reminded({ id, amount }), { in: 1000 }, { name: 'reminder' });
    if (amount === 1000) throw new Error('too much');
  });
  on(Reminded, { state: Total }, (_event, total) => ({ ...total, reminders: total.reminders + 1 }));
});

const Sum = defineAggregate('contract-sum', {
  events: [Added],
  initial: () => 0,
  evolve: (sum, { data }) => sum + data.amount,
  commands: {
    add: (sum: number, { amount }: { readonly amount: number }, ctx) => {
      if (sum + amount > 100) ctx.refuse('full');
      ctx.emit(Added({ id: ctx.aggregateId, amount }));
      return sum + amount;
    },
  },
});

const open = (store: Store) =>
  createTestEngine({ events: [Added, Reminded], handlers: [totals], aggregates: [Sum], store });

/** The states of keys as the store has them, and the pending timers' keys and times. */
async function keptIn(engine: TestEngine, { reader }: Store) {
  await engine.drain();
  // What has just been handled is stored with the next commit, if it is not yet.
  await engine.publish(Added({ id: 'last', amount: 1 }), { until: 'handled' });
  await engine.drain();
  const states = reader
    .states({ from: 0, limit: 100 })
    .map(({ key, bytes }) => [reader.nameOf(key), reader.codec.unpack(bytes)] as const);
  const timers = reader.timers({ limit: 100 }).map(({ key, name }) => [reader.nameOf(key), name]);
  return { states: Object.fromEntries(states.filter(([key]) => key !== 'last')), timers };
}

/** What two accounts are told and asked. */
async function live(engine: TestEngine): Promise<void> {
  await engine.append('a', [Added({ id: 'a', amount: 10 })], { expectedVersion: 'none' });
  const stale = engine.append('a', [Added({ id: 'a', amount: 5 })], { expectedVersion: 0 });
  same((await stale.catch((error: unknown) => error)) instanceof ConcurrencyError, true, 'a stale append');
  const added = await engine.execute(Sum, 'a', 'add', { amount: 20 }, { commandId: 'once' });
  same([added.reply, added.version, added.isRepeated], [30, 2, false], 'a command');
  const refused = engine.execute(Sum, 'a', 'add', { amount: 80 });
  same((await refused.catch((error: unknown) => error)) instanceof CommandRefusedError, true, 'a refusal');
  await engine.publishMany([
    Added({ id: 'a', amount: 1000 }),
    Added({ id: 'b', amount: 2 }),
    Added({ id: 'b', amount: 1 }),
    Added({ id: 'c', amount: 3 }),
  ]);
}

/** Whether states, timers and commands of a whole engine are kept by a store. */
export function keptChecks(make: MakeStore, { reopen }: StoreContractOptions): StoreCheck[] {
  const before = {
    states: {
      a: { sum: 30, reminders: 0 },
      b: { sum: 3, reminders: 0 },
      c: { sum: 3, reminders: 0 },
    },
    timers: [
      ['a', 'reminder'],
      ['c', 'reminder'],
    ],
  };
  const fired = { a: { sum: 30, reminders: 1 }, b: { sum: 3, reminders: 0 }, c: { sum: 3, reminders: 1 } };
  const checks: StoreCheck[] = [
    {
      name: 'an engine’s states are those of its handled events, and its timers are set, cancelled and fired',
      run: async () => {
        const store = await make(RUN);
        await using engine = await open(store);
        await live(engine);
        same(await keptIn(engine, store), before, 'what is kept');
        engine.clock.advance(1000);
        same(
          await keptIn(engine, store),
          { states: fired, timers: [] },
          'what is kept once timers have fired',
        );
      },
    },
  ];
  return reopen ? [...checks, reopenedCheck(make, reopen, before, fired)] : checks;
}

function reopenedCheck(
  make: MakeStore,
  reopen: NonNullable<StoreContractOptions['reopen']>,
  before: unknown,
  fired: unknown,
): StoreCheck {
  return {
    name: 'an engine that is opened again has its states and timers, and knows which commands were done',
    run: async () => {
      const store = await make(RUN);
      {
        await using first = await open(store);
        await live(first);
        await first.drain();
      }
      const again = await reopen(store, RUN);
      await using second = await open(again);
      await second.recovered;
      same(await keptIn(second, again), before, 'what is kept');
      const repeated = await second.execute(Sum, 'a', 'add', { amount: 20 }, { commandId: 'once' });
      same(
        [repeated.reply, repeated.version, repeated.isRepeated],
        [30, 2, true],
        'a command that is asked again',
      );
      second.clock.advance(1000);
      same(await keptIn(second, again), { states: fired, timers: [] }, 'what is kept once timers have fired');
    },
  };
}
