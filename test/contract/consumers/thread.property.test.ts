import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Engine } from 'millrace';
import type { Consumer } from 'millrace/consumers';
import { expect, test } from 'vitest';
import { Noted } from '../../handlers/events.mjs';
import { oneTo } from '../../support/collect.js';
import { handlers, openForTests } from '../../support/open-test-engine.js';
import { checkProperty } from '../../support/property.js';
import { tempFolder } from '../../support/temp-folder.js';

/** Events that no try can get done: they fail, and nothing else does. */
const HOPELESS = ['fails', 'deadly'];

/** Most are harmless: each other one costs a thread, and on a busy machine that takes a second. */
const FATES = [
  'note',
  'note',
  'note',
  'note',
  'waits',
  'waits',
  'exits',
  'leaves an exit',
  'hears',
  'exits when told',
  ...HOPELESS,
];

const event = fc.record({
  key: fc.integer({ min: 0, max: 4 }),
  fate: fc.constantFrom(...FATES),
  ms: fc.integer({ min: 0, max: 8 }),
});

const ACTS = ['pause', 'resume', 'stop', 'start', 'reopen', 'catch up', 'rest'] as const;

const act = fc.record({ act: fc.constantFrom(...ACTS), isAwaited: fc.boolean() });

type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;
type Act = (typeof ACTS)[number];

/** What may come of a call when another one ends the consumer, or the engine. */
const EXPECTED = ['MILLRACE_CONSUMER_STOPPED', 'MILLRACE_CONSUMER_RUNNING', 'MILLRACE_CLOSED'];

/** An engine and its consumer on a thread, and what is asked of them. */
class World {
  readonly #store: string;
  readonly #file: string;
  readonly #concurrency: number;
  readonly #fates: Event[] = [];
  readonly #calls: Promise<unknown>[] = [];
  readonly #consumers: Consumer[] = [];
  #engine: Engine | undefined;

  constructor(concurrency: number) {
    const folder = tempFolder();
    this.#store = join(folder, 'events.db');
    this.#file = join(folder, 'notes.txt');
    this.#concurrency = concurrency;
    writeFileSync(this.#file, '');
    writeFileSync(`${this.#file}.waits`, '');
  }

  get #consumer(): Consumer | undefined {
    return this.#consumers.at(-1);
  }

  async open(): Promise<Engine> {
    this.#engine = await openForTests({ store: this.#store, durability: 'os' });
    return this.#engine;
  }

  async publish(events: readonly Event[]): Promise<void> {
    this.#fates.push(...events);
    const value = (fate: Event) => ({ ...fate, file: this.#file });
    await this.#engine?.publishMany(
      events.map((fate) => Noted({ note: `k${fate.key}`, value: value(fate) })),
    );
  }

  async do(what: Act, isAwaited: boolean): Promise<void> {
    const call = this.#call(what).catch((error) => expect(EXPECTED, String(error)).toContain(error.code));
    this.#calls.push(call);
    // A consumer may be paused for good: nothing but the end of the world waits for it.
    if ((isAwaited && what !== 'catch up') || what === 'reopen') await call;
  }

  async #call(what: Act): Promise<unknown> {
    switch (what) {
      case 'pause':
        return this.#consumer?.pause();
      case 'resume':
        return this.#consumer?.resume();
      case 'stop':
        return this.#consumer?.stop();
      case 'start':
        return this.#start();
      case 'catch up':
        return this.#consumer?.whenCaughtUp();
      case 'reopen':
        await this.#engine?.close();
        return this.open();
      case 'rest':
        return new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async #start(): Promise<void> {
    const started = this.#engine?.consumers.start({
      // Once more for an event that ends a new thread, of which nobody else can be to blame.
      ...{ name: 'c', where: 'thread', onFailure: 'skip', retries: 1, retryDelayMs: 0 },
      module: handlers('thread-fate'),
      concurrency: this.#concurrency,
    });
    if (started) this.#consumers.push(await started);
  }

  /** Has everything handled, and compares what was handled with what had to be. */
  async end(): Promise<void> {
    await this.do('reopen', true);
    await this.do('start', true);
    await Promise.all(this.#calls);
    // Some go on only when they are told.
    for (let told = 0; this.#consumer?.status().lag !== 0; ) {
      await this.do('rest', true);
      const waits = readFileSync(`${this.#file}.waits`).length;
      if (waits === told) continue;
      told = waits;
      await this.#consumer?.pause();
      this.#consumer?.resume();
    }
    this.#check();
  }

  async close(): Promise<void> {
    await this.#engine?.close();
  }

  #check(): void {
    const lines = readFileSync(this.#file, 'utf8').split('\n').filter(Boolean);
    const first = new Map<number, string>();
    for (const [position = '', key = ''] of lines.map((line) => line.split(' '))) {
      if (!first.has(Number(position))) first.set(Number(position), key);
    }
    const all = oneTo(this.#fates.length);
    const hopeless = all.filter((position) => HOPELESS.includes(this.#fates[position - 1]?.fate ?? ''));
    const handled = all.filter((position) => !hopeless.includes(position));
    expect([...first.keys()].sort((a, b) => a - b)).toEqual(handled);
    for (const key of new Set(first.values())) {
      const positions = [...first].filter(([, own]) => own === key).map(([position]) => position);
      expect(positions, key).toEqual(positions.toSorted((a, b) => a - b));
    }
    expect(this.#consumer?.failures().map(({ position }) => position)).toEqual(hopeless);
    const statuses = this.#consumers.map((consumer) => consumer.status());
    const sum = (of: 'handled' | 'skipped') => statuses.reduce((total, status) => total + status[of], 0);
    expect({ handled: sum('handled'), skipped: sum('skipped') }).toEqual({
      handled: handled.length,
      skipped: hopeless.length,
    });
  }
}

test('whatever ends a thread, and in whatever order it is paused, stopped and started, each event is done once', async () => {
  const steps = fc.array(fc.oneof(fc.array(event, { minLength: 1, maxLength: 3 }), act), { maxLength: 6 });
  await checkProperty(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (concurrency, all) => {
      const world = new World(concurrency);
      try {
        await world.open();
        await world.do('start', true);
        for (const next of all) {
          if ('act' in next) await world.do(next.act, next.isAwaited);
          else await world.publish(next);
        }
        await world.end();
      } finally {
        // Threads of a world that has failed would be held against the test files that come after this one.
        await world.close();
      }
    }),
    { runs: 24 },
  );
});
