import { join } from 'node:path';
import { getSQLiteEventStore, type SQLiteConnection, sqliteConnection } from '@event-driven-io/emmett-sqlite';
import type { Order } from '../../dist/support/events.js';
import { check, type Sample } from '../../dist/support/sample.js';
import type { Scratch } from '../../dist/support/spawn.js';
import type { Batch, PeerRun, Tally } from './load.js';
import { measure, type PeerUnderTest } from './measure.js';

/**
 * `batches`: a consumer as its documentation shows it. `one batch`: a consumer that reads everything at once.
 * `inline`: a projection in the append's transaction. `none`: appends alone.
 */
export interface EmmettRun extends PeerRun {
  readonly handler: 'batches' | 'one batch' | 'inline' | 'none';
}

interface OrderPlaced {
  readonly type: 'OrderPlaced';
  readonly data: Order;
}

/** Events of a consumer's batch. Its default of 100 is slower. */
const BATCH = 1000;

/** Emmett on SQLite, 100 events an append, one connection for all: a second writer would meet SQLITE_BUSY. */
export default async function run(plan: EmmettRun & Scratch): Promise<Sample> {
  const fileName = join(plan.directory, 'emmett.db');
  const connection = sqliteConnection({ fileName });
  await connection.command('PRAGMA synchronous = FULL');
  return measure(plan, (tally) => open(plan, fileName, connection, tally));
}

async function open(
  { handler }: EmmettRun,
  fileName: string,
  connection: SQLiteConnection,
  tally: Tally,
): Promise<PeerUnderTest> {
  const inline = {
    name: 'count',
    canHandle: ['OrderPlaced'],
    handle: (events: readonly { readonly data: unknown }[]) => {
      for (const { data } of events) tally.see(data as Order);
    },
  };
  const store = getSQLiteEventStore({
    fileName,
    connectionOptions: { singleton: true, connection },
    ...(handler === 'inline' && { projections: [{ type: 'inline', projection: inline as never }] }),
  });

  const append = async (load: Iterable<Batch>): Promise<void> => {
    for (const { stream, orders } of load) {
      const events = orders.map((data): OrderPlaced => ({ type: 'OrderPlaced', data }));
      await store.appendToStream(stream, events as never);
    }
  };
  let consumed = 0;
  const consume = async (total: number): Promise<void> => {
    const batchSize = handler === 'batches' ? BATCH : total - consumed;
    const consumer = store.consumer({ pulling: { batchSize, pullingFrequencyInMs: 0 } });
    consumer.processor({
      processorId: `count-${total}`,
      startFrom: { globalPosition: BigInt(consumed) },
      eachMessage: (event) => tally.see(event.data as unknown as Order),
      stopAfter: (event) => event.metadata.globalPosition >= BigInt(total),
    });
    await consumer.start();
    consumed = total;
  };

  return {
    storesOnly: handler === 'none',
    publish: async (load, total) => {
      await append(load);
      if (handler === 'batches' || handler === 'one batch') await consume(total);
    },
    verify: async (total) => {
      const pragma = await connection.querySingle<{ synchronous: number }>('PRAGMA synchronous');
      check('PRAGMA synchronous', pragma?.synchronous ?? -1, 2);
      const rows = await connection.querySingle<{ n: number }>('SELECT count(*) AS n FROM emt_messages');
      check('the number of stored events', rows?.n ?? 0, total);
      // In batches there is nothing to check: emmett-sqlite 0.42.4 updates the checkpoint where it equals the one before,
      // starts each batch without a "before", and so never gets past the first batch.
      if (handler !== 'one batch') return;
      const progress = 'SELECT max(CAST(last_processed_checkpoint AS INTEGER)) AS n FROM emt_processors';
      const stored = await connection.querySingle<{ n: number }>(progress);
      check('the stored checkpoint', stored?.n ?? 0, total);
    },
    close: async () => connection.close(),
  };
}
