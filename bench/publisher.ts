import type { PublisherRun } from './contestants/publisher.js';
import { PAYLOAD_BYTES } from './support/events.js';
import { PUBLISHERS, type PublisherName } from './support/publishers.js';
import { type Bench, type Measured, resultOf, round } from './support/report.js';
import type { Session } from './support/session.js';
import { aside, type Contestant } from './support/spawn.js';

const HANDLERS = [1, 50];

/** Those whose ratio has a target. */
const AIMED_AT: readonly PublisherName[] = ['millrace', 'eventemitter3'];

/** Subscribers on the main thread, beside the emitters that everybody knows. */
export const publisher: Bench = {
  name: 'publisher',
  title: 'Subscribers on the main thread',
  async run(session: Session): Promise<Measured> {
    const milliseconds = session.choose({ guard: 300, short: 400, full: 3000 });
    const names = Object.keys(PUBLISHERS) as PublisherName[];
    const contestants: Record<string, Contestant> = {};
    for (const handlers of HANDLERS) {
      for (const name of names) {
        if (session.mode === 'guard' && !AIMED_AT.includes(name)) continue;
        const plan: PublisherRun = { publisher: name, handlers, milliseconds };
        const contestant = { module: 'publisher', options: plan };
        contestants[label(name, handlers)] = AIMED_AT.includes(name) ? contestant : aside(contestant);
      }
    }
    const runs = await session.rounds(contestants);
    const ratio = (name: PublisherName, twin: PublisherName, handlers: number) =>
      round(runs.ratio(label(name, handlers), label(twin, handlers)));
    return {
      config: {
        durability: 'memory',
        keys: 1,
        payloadBytes: PAYLOAD_BYTES.small,
        warmup: `${milliseconds / 2} ms`,
        measured: `${milliseconds} ms a run`,
        validate: 'off unless named',
        repeats: session.repeats,
        twin: 'emit() with the same payload, built on each call; no numbers, no metadata',
      },
      results: Object.keys(contestants).map((name) => resultOf(runs, name)),
      ratios: {
        vsEventEmitter3: ratio('millrace', 'eventemitter3', 1),
        'vsEventEmitter3, 50 handlers': ratio('millrace', 'eventemitter3', 50),
        ...(session.mode !== 'guard' && {
          vsEventEmitter: ratio('millrace', 'EventEmitter', 1),
          'vsEventEmitter, 50 handlers': ratio('millrace', 'EventEmitter', 50),
          'validated to unchecked': ratio('millrace validated', 'millrace', 1),
        }),
      },
      targets: {
        vsEventEmitter3: { atLeast: 0.3 },
        'vsEventEmitter3, 50 handlers': { atLeast: 0.7 },
      },
    };
  },
};

function label(name: PublisherName, handlers: number): string {
  return `${name}, ${handlers} ${handlers === 1 ? 'handler' : 'handlers'}`;
}
