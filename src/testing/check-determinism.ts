import { checkOptions } from '../engine/check-options.js';
import { openIn, realWorld } from '../engine/open.js';
import { knownOptions, optionNames } from '../events/known-options.js';
import { RegisteredType } from '../events/registry.js';
import { InvalidOptionError, TestAssertionError } from '../faces/errors.js';
import type { AnyEventType, DomainEvent, Engine, NewEvent } from '../index.js';
import { isWhole } from '../kernel/check.js';
import { seededRandom } from '../kernel/random.js';
import { shown } from '../kernel/thrown.js';
import { MAX_THREADS } from '../limits.js';
import { differences } from './differences.js';
import { eventText } from './text.js';

/** Options of `checkDeterminism`. */
export interface DeterminismOptions {
  /** Event types that handlers emit; those of the given events are known. */
  readonly events?: readonly AnyEventType[];
  /** Numbers of threads to run the handlers on, the first of which is what the others are compared with. Default 0, 1, 2, 4. */
  readonly threads?: readonly number[];
  /** Of random numbers, and of the order in which keys take turns. Default `determinism`. */
  readonly seed?: string;
  /** As for `openEngine`. */
  readonly shared?: Readonly<Record<string, unknown>>;
}

/** What `checkDeterminism` has found to be equal. */
export interface DeterminismReport {
  /** Of the logs, states included. */
  readonly fingerprint: string;
  readonly threads: readonly number[];
}

const OPTIONS = optionNames<DeterminismOptions>('checkDeterminism', {
  events: true,
  threads: true,
  seed: true,
  shared: true,
});

/** Time of the first event that has none of its own; each later one is a millisecond behind it. */
const FIRST_TIME = Date.UTC(2024, 0, 1);

/** The log of one run: each key's events in their order. */
interface Run {
  readonly threads: number;
  readonly fingerprint: string;
  readonly keys: ReadonlyMap<string, readonly DomainEvent[]>;
}

/**
 * Runs handlers with the same events on 0, 1, 2 and 4 threads, in deterministic mode and in memory. Each event of a key is
 * handled on another thread than the one before, and keys take turns in another order each time; so handlers that keep
 * something in their module, such as a `Map`, come to another result, which this finds.
 *
 * @param handlers URLs of handler modules: each thread loads its own.
 * @param events in the order of each key.
 * @throws TestAssertionError that says where two runs differ; InvalidOptionError; and as `openEngine`.
 */
export async function checkDeterminism(
  handlers: readonly (URL | string)[],
  events: readonly NewEvent[],
  options: DeterminismOptions = {},
): Promise<DeterminismReport> {
  const {
    threads = [0, 1, 2, 4],
    seed = 'determinism',
    shared,
    events: more = [],
  } = knownOptions(options, OPTIONS);
  if (
    !Array.isArray(threads) ||
    threads.length < 2 ||
    !threads.every((count) => isWhole(count, 0, MAX_THREADS))
  ) {
    throw new InvalidOptionError(
      `checkDeterminism: threads is ${shown(threads)}; it must be a list of at least two whole numbers from 0 to ${MAX_THREADS}.`,
    );
  }
  const types = [...new Set([...events.map(definitionOf), ...more])];
  const timed = events.map(withTime);
  let first: Run | undefined;
  for (const count of threads) {
    const checked = checkOptions({
      ...{ events: types, handlers, threads: count, seed, dispatch: 'accepted', deterministic: true },
      ...(shared && { shared }),
    });
    const engine = await openIn(checked, { ...realWorld(checked), movesKeys: true });
    try {
      const run = await runOn(engine, timed, count, seededRandom(JSON.stringify([seed, count])));
      first ??= run;
      compare(first, run);
    } finally {
      await engine.close();
    }
  }
  return { fingerprint: (first as Run).fingerprint, threads };
}

async function runOn(
  engine: Engine,
  events: readonly NewEvent[],
  threads: number,
  random: () => number,
): Promise<Run> {
  for (const wave of wavesOf(events)) {
    await engine.publishMany(shuffled(wave, random));
    await engine.drain();
  }
  const keys = new Map<string, DomainEvent[]>();
  for await (const event of engine.read()) {
    const known = keys.get(event.key);
    if (known) known.push(event);
    else keys.set(event.key, [event]);
  }
  return { threads, fingerprint: await engine.fingerprint(), keys };
}

/** The first event of each aggregate, then the second one of each, and so on. */
function wavesOf(events: readonly NewEvent[]): NewEvent[][] {
  const waves: NewEvent[][] = [];
  const counts = new Map<string, number>();
  for (const event of events) {
    const type = new RegisteredType(definitionOf(event));
    const key = type.partitionKey(event.data, type.aggregateId(event.data));
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    waves[count] ??= [];
    waves[count].push(event);
  }
  return waves;
}

function definitionOf(event: NewEvent): AnyEventType {
  if (event?.definition) return event.definition;
  throw new InvalidOptionError(
    'checkDeterminism needs events that were made by their event types: OrderPlaced({ … }).',
  );
}

function shuffled(events: readonly NewEvent[], random: () => number): NewEvent[] {
  const list = [...events];
  for (let index = list.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [list[index], list[other]] = [list[other] as NewEvent, list[index] as NewEvent];
  }
  return list;
}

function withTime(event: NewEvent, index: number): NewEvent {
  if (event?.options?.occurredAt !== undefined) return event;
  return { ...event, options: { ...event.options, occurredAt: FIRST_TIME + index } };
}

function compare(first: Run, run: Run): void {
  if (first.fingerprint === run.fingerprint) return;
  const on = (count: number) => (count === 0 ? 'the main thread' : `${count} threads`);
  const runs = `on ${on(first.threads)} and on ${on(run.threads)}`;
  for (const [key, events] of first.keys) {
    const others = run.keys.get(key) ?? [];
    for (let index = 0; index < Math.max(events.length, others.length); index++) {
      const [one, other] = [events[index], others[index]];
      const parts = ({ type, aggregateId, data }: DomainEvent) => ({ type, aggregateId, data });
      const found =
        one && other ? differences(parts(one), parts(other), 'whole', 'it') : ['one of them is missing'];
      if (found.length === 0) continue;
      const told = [one, other].map((event) => (event ? eventText(event) : 'nothing'));
      throw new TestAssertionError(
        `The handlers do not come to the same result ${runs}. Event ${index + 1} of key '${key}' is ${told[0]}, and ${told[1]}:\n  ${found.join('\n  ')}\nDo they keep something in their module? It is another one on each thread: use defineState.`,
        { details: { key } },
      );
    }
  }
  throw new TestAssertionError(
    `The handlers do not come to the same result ${runs}: their events are equal, and the states of their keys are not.`,
  );
}
