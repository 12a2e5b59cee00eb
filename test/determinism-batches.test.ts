import type { EngineOptions, NewEvent } from 'millrace';
import { describe, expect, test } from 'vitest';
import { MIXED_EVENTS, Mixed, MixedOther, MixedPlain } from './handlers/mixed.mjs';
import { oneTo } from './support/collect.js';
import { handlers, openForTests } from './support/open-test-engine.js';
import { rounds } from './support/property.js';

type Does = Parameters<typeof Mixed>[0]['does'];

/** Events of three keys and two aggregates each, some of them handled by nobody; `does` in turn. */
function asked(count: number, ...does: readonly Does[]): NewEvent[] {
  return oneTo(count).map((number) => {
    const data = { key: `k${number % 3}`, number, does: does[number % does.length] as Does };
    const type = number % 11 === 0 ? MixedPlain : number % 5 === 0 ? MixedOther : Mixed;
    return type(data, { occurredAt: 1000 + number });
  });
}

/** The fingerprint of a log in which the events were published at once, or each after the one before was handled. */
async function published(
  events: readonly NewEvent[],
  options: Partial<EngineOptions>,
  oneByOne = false,
): Promise<{ readonly fingerprint: string; readonly tasks: number }> {
  const engine = await openForTests({
    events: MIXED_EVENTS,
    handlers: [handlers('mixed')],
    deterministic: true,
    ...options,
  });
  try {
    for (const event of oneByOne ? events : []) {
      await engine.publish(event, { until: 'handled' }).catch(() => {});
      await engine.drain();
    }
    if (!oneByOne) await engine.publishMany(events);
    const fingerprint = await engine.fingerprint();
    return { fingerprint, tasks: engine.stats().laneTasks };
  } finally {
    await engine.close();
  }
}

const RUNS: readonly Partial<EngineOptions>[] = [
  { threads: 0 },
  { threads: 1 },
  { threads: 2, concurrency: 8 },
  { threads: 4 },
  { threads: 2, maxInFlight: 20 },
  { threads: 2, dispatch: 'durable' },
];

const LOADS: readonly (readonly [string, ...Does[]])[] = [
  ['nothing comes between', 'nothing', 'own'],
  ['each handler waits', 'waits'],
  ['other aggregates of the key get events', 'other', 'own', 'nothing'],
  ['what is emitted is handled', 'nothing', 'handled', 'own'],
  ['everything at once', 'nothing', 'own', 'other', 'handled', 'waits', 'own', 'fails'],
  ['some of them park their keys', ...oneTo(40).map((): Does => 'own'), 'parks'],
];

describe.each(
  LOADS,
)('events of a key that run ahead of their numbers get those of one at a time: %s', (...load) => {
  const [, ...does] = load as [string, ...Does[]];
  const events = asked(120, ...does);
  const oneAtATime = published(events, { threads: 0, dispatch: 'durable' }, true);

  test.each(RUNS)('%j', async (options) => {
    expect((await published(events, options)).fingerprint).toBe((await oneAtATime).fingerprint);
  });
});

test('a run that a deadly event ends is no different', async () => {
  const does: Does[] = [...oneTo(30).map((): Does => 'own'), 'exits'];
  const events = asked(120, ...does);
  const { fingerprint } = await published(events, { threads: 1, dispatch: 'durable' }, true);
  // Which of the lane's answers came before its death is a matter of chance: a held row in front of one that it had taken
  // up, in one of a dozen runs.
  for (const run of oneTo(rounds(4))) {
    expect((await published(events, { threads: 1 + (run % 2) })).fingerprint).toBe(fingerprint);
  }
});

test('two keys run as batches', async () => {
  const events = oneTo(2000).map((number) =>
    Mixed({ key: `k${number % 2}`, number, does: 'own' }, { occurredAt: number }),
  );
  const { tasks } = await published(events, { threads: 1 });
  expect(tasks).toBeLessThan(events.length / 10);
});
