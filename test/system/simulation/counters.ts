import type { Asked } from './commands.js';
import { Added, Lowered } from './events.js';
import type { Contents } from './sim-disk.js';
import { Violation } from './violation.js';

/** What no command may bring a counter beyond. */
export const BOUND = 8;

/** The state of a counter. */
export interface Counter {
  readonly sum: number;
}

/** An event of a counter, with what the counter is behind it. */
interface Step {
  readonly position: number;
  readonly type: string;
  readonly number: number;
  readonly before: number | undefined;
  readonly sum: number;
}

/** What a caller was told of a command. */
export interface Reply {
  readonly counter: string;
  readonly number: number;
  readonly version: number;
  /** Of the event of that version; 0 when there was none. */
  readonly position: number;
  readonly sum: number;
  readonly hasEvents: boolean;
}

/** The events of a counter, in the order of versions. */
export function historyOf({ events, names, types, codec }: Contents, counter: string): readonly Step[] {
  const [id] = [...names].find(([, name]) => name === counter) ?? [];
  let sum = 0;
  return events
    .filter(({ aggregate }) => aggregate === id)
    .map(({ position, type: typeId, data }) => {
      const type = types.get(typeId)?.name ?? '';
      const { number, amount, before } = codec.unpack(data) as {
        readonly number: number;
        readonly amount: number;
        readonly before?: number;
      };
      sum += type === Lowered.type ? -amount : amount;
      return { position, type, number, before, sum };
    });
}

/** What was told as durable is in the log, where it was said to be. @throws Violation */
export function checkReply(history: readonly Step[], reply: Reply): void {
  const { counter, number, version, position, sum, hasEvents } = reply;
  const step = history[version - 1];
  const isThere = version === 0 ? sum === 0 : step?.sum === sum && step.position === position;
  if (isThere && (!hasEvents || step?.number === number)) return;
  throw new Violation(
    `command ${number} of ${counter} was told ${JSON.stringify(reply)}, and the log has ${JSON.stringify(step)}`,
  );
}

/**
 * Each command has decided on what its counter was then, none has passed the bound, and each is there once as a whole or
 * not at all. @throws Violation
 */
export function checkCounters(
  histories: readonly (readonly Step[])[],
  asked: ReadonlyMap<number, Asked>,
  refused: ReadonlySet<number>,
): void {
  const counts = new Map<number, number>();
  for (const history of histories) {
    let last = 0;
    for (const { position, type, number, before, sum } of history) {
      if (type === Added.type) {
        if (before !== last)
          throw new Violation(`${position} was decided on ${before}, and the counter was ${last}`);
        if (sum > BOUND) throw new Violation(`${position} brings its counter to ${sum}`);
        counts.set(number, (counts.get(number) ?? 0) + 1);
      }
      last = sum;
    }
  }
  for (const [number, count] of counts) {
    const wanted = asked.get(number)?.parts.length;
    if (count !== wanted)
      throw new Violation(`command ${number} has ${count} events in the log, not ${wanted}`);
    if (refused.has(number)) throw new Violation(`command ${number} was refused and is in the log`);
  }
}
