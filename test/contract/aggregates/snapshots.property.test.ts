import fc from 'fast-check';
import type { Engine } from 'millrace';
import { verifyStore } from 'millrace/store';
import { expect, test } from 'vitest';
import { HOWS, Ledger, Remarked, Stepped } from '../../handlers/ledgers.mjs';
import { collect } from '../../support/collect.js';
import { type LedgerOptions, ledgers } from '../../support/ledgers.js';
import { openForTests, type TestEngineOptions } from '../../support/open-test-engine.js';
import { checkProperty } from '../../support/property.js';
import { tempStore } from '../../support/temp-folder.js';

type Step =
  | {
      readonly kind: 'many' | 'later';
      readonly id: string;
      readonly n: number;
      readonly hows: readonly string[];
    }
  | {
      readonly kind: 'named';
      readonly id: string;
      readonly n: number;
      readonly how: string;
      readonly commandId: string;
    }
  | {
      readonly kind: 'publish' | 'remark' | 'look' | 'refuse' | 'query' | 'exit';
      readonly id: string;
      readonly n: number;
    }
  | { readonly kind: 'reopen' };

const id = fc.constantFrom('a', 'b');
const n = fc.integer({ min: -3, max: 9 });
// Broken events end the aggregate for good: seldom.
const how = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...HOWS.filter((name) => name !== 'broken')) },
  { weight: 1, arbitrary: fc.constant('broken') },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('many', 'later'),
      id,
      n,
      hows: fc.array(how, { maxLength: 4 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('named'),
      id,
      n,
      how,
      commandId: fc.constantFrom('x', 'y', 'z'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom('publish', 'remark', 'look', 'refuse', 'query'), id, n }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('exit'), id, n }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('reopen') }) },
);

/** Does one step, and says what came of it, as far as it is the same in each log. */
async function doStep(engine: Engine, one: Exclude<Step, { readonly kind: 'reopen' }>): Promise<unknown> {
  const { id, n } = one;
  switch (one.kind) {
    case 'many':
    case 'later':
      return engine.execute(Ledger, id, one.kind, { n, hows: [...one.hows] });
    case 'named':
      return engine.execute(Ledger, id, 'step', { n, how: one.how }, { commandId: one.commandId });
    case 'publish':
      return engine.append(id, [
        Stepped({ ledger: id, n, how: 'add' }, { eventId: `p${n}#0`, occurredAt: 5 }),
      ]);
    case 'remark':
      return engine.publish(Remarked({ ledger: id }, { occurredAt: 5 }));
    case 'query':
      return engine.query(Ledger, id, (state) => state);
    default:
      return engine.execute(Ledger, id, one.kind, undefined);
  }
}

async function live(
  steps: readonly Step[],
  engineOptions: TestEngineOptions,
  definition: LedgerOptions,
): Promise<readonly unknown[]> {
  const said: unknown[] = [];
  const store = engineOptions.durability === 'memory' ? {} : { store: tempStore() };
  const options = { ...ledgers(definition, engineOptions.threads), ...engineOptions, ...store };
  let engine = await openForTests(options);
  try {
    // Some at a time, so that commands are decided on what is not in the log yet.
    for (const [index, one] of steps.entries()) {
      if (one.kind === 'reopen') {
        await engine.close();
        engine = await openForTests(options);
        continue;
      }
      const outcome = doStep(engine, one).catch((error: Error & { code?: string }) => [
        error.code,
        error.message,
      ]);
      said.push(index % 3 === 0 ? await outcome : outcome);
      if (index % 5 === 4) await Promise.all(said);
    }
    const all = await Promise.all(said);
    await engine.drain();
    // How the events of two aggregates lie between each other is a matter of time, but in deterministic mode.
    const order = engineOptions.deterministic ? [undefined] : [{ aggregateId: 'a' }, { aggregateId: 'b' }];
    const logs = await Promise.all(order.map((part) => collect(engine, part)));
    const events = logs.map((log) =>
      log.map(({ type, data, version, metadata }) => [type, data, version, metadata.eventId]),
    );
    return [all, events];
  } finally {
    await engine.close();
    if (store.store !== undefined) expect(verifyStore(store.store)).toMatchObject({ problems: [] });
  }
}

// An evolve that asks for a position makes its aggregate cold, as a reopened log and a dead lane do.
test.each([
  ['of one thread', { threads: 0, durability: 'memory' }, 'reopen, exit', 300],
  [
    'of one thread, deterministic',
    { threads: 0, durability: 'memory', deterministic: true },
    'reopen, exit',
    100,
  ],
  ['that is opened again and again', { threads: 0, durability: 'os' }, 'exit', 9],
  ['of lanes that die', { threads: 1, durability: 'memory' }, 'reopen', 3],
] as const)(
  'with snapshots and without, each reply and each event of an engine %s is the same',
  async (_what, options, leftOut, runs) => {
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.integer({ min: 1, max: 6 }),
      async (given, snapshotEvery) => {
        const steps = given.filter(({ kind }) => !leftOut.includes(kind));
        const [without, withThem] = await Promise.all([
          live(steps, options, {}),
          live(steps, options, { snapshotEvery }),
        ]);
        expect(withThem).toEqual(without);
      },
    );
    await checkProperty(property, { runs, shrink: false });
  },
  120_000,
);
