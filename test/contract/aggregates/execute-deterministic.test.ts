import { type Engine, openEngine } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Deposited, Timed, TimedAccount } from '../../handlers/timed-aggregates.mjs';
import { collect, oneTo } from '../../support/collect.js';
import { handlers, openTestEngine } from '../../support/open-test-engine.js';

const open = (threads: number, options = {}) =>
  openTestEngine({
    events: [Deposited, Timed],
    aggregates: [handlers('timed-aggregates')],
    handlers: [handlers('timed-bank')],
    deterministic: true,
    threads,
    ...options,
  });

const add = (engine: Engine, id: string, n: number) => engine.execute(TimedAccount, id, 'add', { n });

/** Publishes and commands, without waiting for each other. */
async function concurrently(engine: Engine): Promise<readonly unknown[]> {
  const all: Promise<unknown>[] = [];
  for (const n of oneTo(200)) {
    const id = `a${n % 7}`;
    all.push(add(engine, id, n).then(({ reply, version }) => [id, reply, version]));
    if (n % 5 === 0) all.push(engine.publish(Deposited({ account: id, n: 1000 + n }, { occurredAt: n })));
  }
  const outcomes = await Promise.all(all);
  return outcomes.filter((outcome) => Array.isArray(outcome));
}

describe('deterministic mode', () => {
  test('gives the same log and the same replies for commands on 0, 1, 2 and 4 threads', async () => {
    const results = new Set<string>();
    for (const threads of [0, 1, 2, 4]) {
      const engine = await open(threads);
      const replies = await concurrently(engine);
      for (const n of oneTo(20)) await add(engine, 'one', n);
      results.add(JSON.stringify([await engine.fingerprint(), replies]));
    }
    expect(results.size).toBe(1);
  });

  test('puts a command behind what its aggregate’s earlier commands led to, and later events behind the command', async () => {
    const engine = await open(2);
    const calls = [
      add(engine, 'a', 1),
      engine.publish(Deposited({ account: 'a', n: 2 }, { occurredAt: 1 })),
      add(engine, 'a', 3),
    ];
    const [, , third] = await Promise.all(calls);
    await engine.drain();
    const events = await collect(engine, { aggregateId: 'a' });
    // A handler answers each deposit with an event of its own.
    expect(events.map(({ type, data }) => [type, (data as { n: number }).n])).toEqual([
      ['timed.deposited', 1],
      ['timed.timed', 1],
      ['timed.deposited', 2],
      ['timed.timed', 2],
      ['timed.deposited', 3],
      ['timed.timed', 3],
    ]);
    expect(third).toMatchObject({ reply: [1, 2], version: 5 });
  });

  test('takes commands of a full engine in, whatever waits behind them', async () => {
    const engine = await open(1, { maxInFlight: 3 });
    const all: Promise<unknown>[] = [];
    for (const n of oneTo(30)) {
      all.push(add(engine, 'a', n), engine.publish(Deposited({ account: 'a', n }, { occurredAt: n })));
    }
    await Promise.all(all);
    expect(
      (await collect(engine, { types: ['timed.deposited'] })).map(({ data }) => (data as { n: number }).n),
    ).toEqual(oneTo(30).flatMap((n) => [n, n]));
  });

  test('refuses events without a time, and goes on', async () => {
    const engine = await open(1);
    await expect(engine.execute(TimedAccount, 'a', 'now', undefined)).rejects.toMatchObject({
      code: 'MILLRACE_NOT_DETERMINISTIC',
    });
    const controller = new AbortController();
    const aborted = [1, 2].map((n) =>
      engine.execute(TimedAccount, 'a', 'add', { n }, { signal: controller.signal }),
    );
    controller.abort(new Error('enough'));
    for (const { status } of await Promise.allSettled(aborted)) expect(status).toBe('rejected');
    expect((await add(engine, 'a', 1)).version).toBe(1);
  });

  test('has commands of aggregates with another key, and opens again', async () => {
    const fingerprints = new Set<string>();
    for (const threads of [0, 2]) {
      const engine = await openEngine({
        events: [Deposited, Timed],
        aggregates: [handlers('timed-aggregates')],
        deterministic: true,
        threads,
      });
      for (const n of oneTo(10)) await engine.execute(TimedAccount, `k${n % 2}`, 'key', { n });
      fingerprints.add(await engine.fingerprint());
      await engine.close();
    }
    expect(fingerprints.size).toBe(1);
  });
});
