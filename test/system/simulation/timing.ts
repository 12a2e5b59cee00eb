import type { HandlerContext } from 'millrace/define';
import type { RawEvent } from '../../../dist/src/store/store.js';
import { Done, Ringing, type Task, type TimerOrder } from './events.js';
import type { Contents } from './sim-disk.js';
import type { Steps } from './steps.js';
import { Violation } from './violation.js';

const NAMES = ['one', 'two'];

/** The last moment that the clock of a life comes to, and one that it never does. */
export const LAST_MOMENT = 1_000_000;
const NEVER = 1_000_000_000;

/** Milliseconds that a timer may be away when its task is published. */
const AWAY = 150;

/** What a task is to want of its key's timers. The clock may have come further when it is handled. */
export function timersOf(draws: Steps, now: number, key: () => string): TimerOrder[] {
  if (!draws.chance(0.35)) return [];
  return Array.from({ length: 1 + draws.below(2) }, () => ({
    name: draws.pick(NAMES),
    ...(draws.chance(0.75) && { at: draws.chance(0.1) ? NEVER : now + draws.below(AWAY) }),
    key: key(),
  }));
}

/** Does what a task wants of timers, before its handler can fail: what it has wanted then is to be taken back. */
export function order(task: Task, ctx: HandlerContext): void {
  task.timers.forEach(({ name, at, key }, index) => {
    if (at === undefined) ctx.cancel(name);
    else ctx.schedule(Ringing(rungBy(task, index, key, at)), at, { name });
  });
}

function rungBy(task: Task, index: number, key: string, due: number): Task {
  return {
    ...task,
    key,
    number: task.number + 50 + index,
    due,
    ...{ throws: 0, kills: 0, emits: [], timers: [] },
  };
}

/** An event of the log. */
export interface Logged {
  readonly raw: RawEvent;
  readonly type: string;
  /** Number of the partition key's name. */
  readonly key: number;
  readonly data: Task;
}

interface Pending {
  readonly key: number;
  readonly name: string;
  readonly at: number;
  readonly cause: number;
  readonly index: number;
}

/**
 * Every timer that a task of the log has scheduled, when it was done, fires once, behind it, or is cancelled or replaced by
 * a later one of its key, or is pending and stored. At rest none is pending that is due. @throws Violation
 *
 * @returns how many have fired.
 */
export function checkTimers(contents: Contents, log: readonly Logged[], now: number): number {
  const pending = new Map<string, Pending>();
  let fired = 0;
  for (const { raw, type, data } of log) {
    const cause = log[raw.causation - 1];
    if (!cause) continue;
    if (type === Done.type) obey(pending, cause);
    if (type !== Ringing.type) continue;
    fired++;
    ring(pending, raw, cause, data.number - cause.data.number - 50);
  }
  const due = [...pending.values()].find(({ at }) => at <= now);
  if (due) throw new Violation(`timer ${shown(due)} is due and has not fired`);
  const stored = contents.timers.page({ limit: Number.POSITIVE_INFINITY });
  for (const ticket of stored) {
    const wanted = pending.get(`${ticket.key} ${ticket.name}`);
    if (wanted?.at === ticket.at && wanted.cause === ticket.position) continue;
    throw new Violation(
      `timer ${JSON.stringify(ticket)} is stored, and ${wanted && shown(wanted)} is pending`,
    );
  }
  if (stored.length !== pending.size)
    throw new Violation(`${stored.length} timers are stored, not ${pending.size}`);
  return fired;
}

function obey(pending: Map<string, Pending>, { raw: { position: cause }, key, data }: Logged): void {
  data.timers.forEach(({ name, at }, index) => {
    const place = `${key} ${name}`;
    if (at === undefined) pending.delete(place);
    else pending.set(place, { key, name, at, cause, index });
  });
}

/** One has fired: it was pending, and was the next one of its key. */
function ring(pending: Map<string, Pending>, raw: RawEvent, cause: Logged, index: number): void {
  const place = `${cause.key} ${cause.data.timers[index]?.name}`;
  const timer = pending.get(place);
  const what = `${raw.position} is timer ${index} of ${cause.raw.position}`;
  if (timer?.cause !== cause.raw.position || timer.index !== index) {
    throw new Violation(`${what} and was not pending, but ${timer && shown(timer)}`);
  }
  if (raw.occurredAt !== timer.at) throw new Violation(`${what} of ${timer.at}, and has ${raw.occurredAt}`);
  pending.delete(place);
  const earlier = [...pending.values()].find((other) => other.key === cause.key && comesFirst(other, timer));
  if (earlier) throw new Violation(`${what} and has fired before ${shown(earlier)}, which was earlier`);
}

function comesFirst(a: Pending, b: Pending): boolean {
  return (a.at - b.at || a.cause - b.cause || a.index - b.index) < 0;
}

function shown({ key, name, at, cause }: Pending): string {
  return `'${name}' of key ${key} at ${at}, scheduled by ${cause}`;
}
