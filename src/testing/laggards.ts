// Not the global ones, which a test with fake timers replaces: it is real time that is waited here.
import { clearTimeout, setTimeout } from 'node:timers';
import { InvalidOptionError } from '../faces/errors.js';
import type { DeadLetter, Engine } from '../index.js';
import { messageOf, nameOf } from '../kernel/thrown.js';
import { SHOWN_EVENTS, TEST_REPORT_MS } from '../limits.js';
import { insideOf } from './inside.js';
import { countText, eventText, valueText } from './text.js';

/** Events that each lane had handled at some time, by lane number. */
export type LaneCounts = ReadonlyMap<number, number>;

/** @throws InvalidOptionError for what is no engine. */
export function laneCounts(engine: Engine): LaneCounts {
  if (typeof engine?.metrics?.snapshot !== 'function') {
    throw new InvalidOptionError(
      `An engine is needed here, as openTestEngine returns it; this is ${valueText(engine)}.`,
    );
  }
  return new Map(engine.metrics.snapshot().lanes.map(({ lane, events }) => [lane, events]));
}

/**
 * What an engine is still busy with, or stuck at, in words. Of any engine: how much is in flight, what each lane
 * has done since `before`, parked keys, health. Of a test engine also which handlers are running with which
 * event, and what waits for the clock.
 */
export async function laggards(engine: Engine, before: LaneCounts): Promise<string> {
  const { state, inFlight, parkedKeys } = engine.stats();
  const { status, reasons } = engine.health();
  const dead = parkedKeys === 0 ? [] : await deadLetters(engine);
  return [
    `The engine is ${state} and has ${countText(inFlight, 'event')} in flight and ${countText(parkedKeys, 'parked key')}.`,
    ...running(engine),
    ...waiting(engine),
    ...lanes(engine, before),
    ...dead.map((letter) => `  parked: ${letterText(letter)}`),
    ...(status === 'HEALTHY' ? [] : [`  health: ${status}: ${reasons.join(' ')}`]),
  ].join('\n');
}

/** A dead letter on one line. */
export function letterText({ key, position, type, attempts, error, handler }: DeadLetter): string {
  return `key '${key}' behind #${position} ${type}, which handlers '${handler}' failed ${countText(attempts, 'time')}: ${nameOf(error)}: ${messageOf(error)}`;
}

function running(engine: Engine): string[] {
  const handlers = insideOf(engine)?.watch.running ?? [];
  return handlers
    .slice(0, SHOWN_EVENTS)
    .map(
      ({ module, event, attempt }) =>
        `  running: handlers '${module}' with ${eventText(event)}${attempt > 1 ? `, try ${attempt}` : ''}`,
    );
}

function waiting(engine: Engine): string[] {
  const inside = insideOf(engine);
  if (!inside || inside.timers.waiting === 0) return [];
  const { timers, clock } = inside;
  return [
    `  waiting: ${countText(timers.waiting, 'key')} for another try, the next in ${clock.next} ms of the test clock: clock.advance(${clock.next})`,
  ];
}

/** A lane that has answered nothing is the one to look at; of one on the main thread there is nothing to choose. */
function lanes(engine: Engine, before: LaneCounts): string[] {
  const { threads } = engine.stats();
  const now = laneCounts(engine);
  return Array.from({ length: threads }, (_, lane) => {
    const handled = (now.get(lane) ?? 0) - (before.get(lane) ?? 0);
    return `  lane ${lane}: ${handled === 0 ? 'no event' : countText(handled, 'event')} handled meanwhile`;
  });
}

/** The list comes after what is being committed. A store that hangs must not keep the message from its reader. */
async function deadLetters(engine: Engine): Promise<readonly DeadLetter[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly DeadLetter[]>((resolve) => {
    timer = setTimeout(resolve, TEST_REPORT_MS, []);
  });
  // An engine that is closed or has failed says so in its state.
  const letters = engine.deadLetters.list({ limit: SHOWN_EVENTS }).catch(() => []);
  const found = await Promise.race([letters, late]);
  clearTimeout(timer);
  return found.filter(({ state }) => state === 'parked');
}
