import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Order } from '../../dist/support/events.js';
import { check, type Sample } from '../../dist/support/sample.js';
import type { Scratch } from '../../dist/support/spawn.js';
import type { PeerRun, Tally } from './load.js';
import { measure, type PeerUnderTest } from './measure.js';

/** Events and streams of one drain, as its documentation advises. */
const DRAIN = { streamLimit: 100, eventLimit: 1000 };

const ACTOR = { id: 'bench', name: 'bench' };

/** Act on SQLite: an action emits 100 events of a stream, a batch projection handles them, its watermark is stored. */
export default async function run(plan: PeerRun & Scratch): Promise<Sample> {
  const path = resolve(plan.directory, 'act.db');
  // Act reads the package.json of the working directory while it is loaded, and insists on a version in it.
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  process.env.NODE_ENV = 'production';
  process.env.LOG_LEVEL = 'error';
  return measure(plan, (tally) => open(path, tally));
}

async function open(path: string, tally: Tally): Promise<PeerUnderTest> {
  const { act, projection, state, store } = await import('@rotorsoft/act');
  const { SqliteStore } = await import('@rotorsoft/act-sqlite');
  const { z } = await import('zod');
  const sqlite = new SqliteStore({ url: `file:${path}` });
  store(sqlite);
  await store().seed();
  // Its client opens connections as it needs them; the setting holds for those that are open, FULL is the default of all.
  const { client } = sqlite as unknown as {
    client: { execute(sql: string): Promise<{ rows: unknown[][] }> };
  };
  const ask = async (sql: string): Promise<number> => Number((await client.execute(sql)).rows[0]?.[0] ?? -1);
  check('PRAGMA synchronous as shipped', await ask('PRAGMA synchronous'), 2);
  await client.execute('PRAGMA synchronous = FULL');

  // Schemas that check nothing: validation is off for Millrace, too.
  const OrderPlaced = z.custom<Order>();
  const Book = state({ Book: z.object({ placed: z.number() }) })
    .init(() => ({ placed: 0 }))
    .emits({ OrderPlaced })
    .patch({ OrderPlaced: (_, { placed }) => ({ placed: placed + 1 }) })
    .on({ placeOrders: z.custom<{ readonly orders: readonly Order[] }>() })
    .emit(({ orders }) => orders.map((order) => ['OrderPlaced', order] as const) as never)
    .build();
  const Count = projection('count')
    .on({ OrderPlaced })
    .do(async function placed({ data }) {
      tally.see(data);
    })
    .batch(async (events) => {
      for (const { data } of events) tally.see(data as Order);
    })
    .build();
  const app = act().withState(Book).withProjection(Count).build();

  return {
    publish: async (load) => {
      for (const { stream, orders } of load) {
        await app.do('placeOrders', { stream, actor: ACTOR }, { orders });
      }
      // What settle() does in a server after its pause of 10 ms: until nothing is left.
      let handled: number;
      do {
        await app.correlate({ after: -1, limit: DRAIN.eventLimit });
        handled = (await app.drain(DRAIN)).acked.length;
      } while (handled > 0);
    },
    verify: async (total) => {
      check('PRAGMA synchronous', await ask('PRAGMA synchronous'), 2);
      check('the number of stored events', await ask('SELECT count(*) FROM events'), total);
      const watermark = await ask("SELECT at FROM streams WHERE stream = 'count'");
      check('the stored watermark', watermark, await ask('SELECT max(id) FROM events'));
    },
    close: async () => {
      // Not dispose(): that ends the process.
      await app.shutdown();
      await sqlite.dispose();
    },
  };
}
