import type { GrowthRun } from './contestants/memory-growth.js';
import type { PublisherRun } from './contestants/publisher.js';
import type { ThousandRun } from './contestants/thousand.js';
import { PAYLOAD_BYTES } from './support/events.js';
import { type Bench, type Measured, type Result, resultOf, round } from './support/report.js';
import type { Session } from './support/session.js';
import type { Contestant } from './support/spawn.js';

/** What the Python engine that Millrace began as publishes about itself. Another machine: orders of magnitude only. */
const PUBLISHED = { publisherPerSecond: 17_957, thousandSeconds: 2.04 };

/** The original's own measurements, repeated with this engine. */
export const original: Bench = {
  name: 'original',
  title: "The original's own measurements",
  async run(session: Session): Promise<Measured> {
    const milliseconds = session.choose({ guard: 200, short: 300, full: 2000 });
    const publisher = (handlers: number): Contestant => {
      const options: PublisherRun = { publisher: 'millrace validated', handlers, milliseconds };
      return { module: 'publisher', options };
    };
    const runs = await session.rounds({
      publisher: publisher(1),
      'publisher, 50 handlers': publisher(50),
      '1,000 events, stored and handled': thousandThrough('engine'),
      '1,000 events through the bus': thousandThrough('bus'),
      'after 5,000 events': growth(5000),
    });
    // Minutes of five rounds for a figure that hardly varies: three will do.
    const million = await session.rounds({ 'after 1,000,000 events': growth(1_000_000) }, 3);
    const thousand = '1,000 events, stored and handled';
    const throughBus = '1,000 events through the bus';
    const coldSeconds = (name: typeof thousand | typeof throughBus) => runs.extra(name, 'cold ms') / 1000;
    const published: Result[] = [
      { name: 'original, published: publisher', eventsPerSecond: PUBLISHED.publisherPerSecond },
      {
        name: 'original, published: 1,000 events',
        eventsPerSecond: Math.round(1000 / PUBLISHED.thousandSeconds),
        'cold ms': PUBLISHED.thousandSeconds * 1000,
      },
    ];
    const publisherRow = resultOf(runs, 'publisher');
    return {
      config: {
        durability: 'publisher: memory; the rest: disk',
        keys: 'publisher 1, stored 100, growth 1,000',
        payloadBytes: PAYLOAD_BYTES.small,
        warmup: `publisher ${milliseconds / 2} ms; none for "cold"`,
        lanes: 1,
        validate: 'publish',
        repeats: session.repeats,
      },
      results: [
        publisherRow,
        resultOf(runs, 'publisher, 50 handlers'),
        resultOf(runs, thousand),
        resultOf(runs, throughBus),
        resultOf(runs, 'after 5,000 events'),
        resultOf(million, 'after 1,000,000 events'),
        ...published,
      ],
      ratios: {
        'publisher to published': round((publisherRow.eventsPerSecond ?? 0) / PUBLISHED.publisherPerSecond),
        '1,000 cold events to published': round(PUBLISHED.thousandSeconds / coldSeconds(thousand)),
        '1,000 cold events through the bus to published': round(
          PUBLISHED.thousandSeconds / coldSeconds(throughBus),
        ),
      },
    };
  },
};

function growth(events: number): Contestant {
  const options: GrowthRun = {
    durability: 'disk',
    threads: 1,
    validate: 'publish',
    events,
    warmup: 0,
    keys: { kind: 'uniform', keys: 1000 },
    payload: 'small',
  };
  return { module: 'memory-growth', options };
}

function thousandThrough(through: ThousandRun['through']): Contestant {
  const options: ThousandRun = { through };
  return { module: 'thousand', options };
}
