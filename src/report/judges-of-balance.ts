import { busiestOf, type Evidence, type Judge, percent } from './evidence.js';
import type { Room, ThreadSummary } from './summary.js';
import { unionOf } from './union.js';

/** A thread that works this share of the time has no room left: the rest is waiting for messages and for a core. */
const BOUND = 0.75;

/** Below this no thread is near its limit. */
const IDLE = 0.5;

/** A lane works at least this much more than the others' mean: chance alone makes no such gap over seconds. */
const SKEW = 0.3;

/** Part of the events that makes a key hot whatever the others have: on two lanes, half of one lane's. */
const HOT_KEY = 0.25;

/** Where lanes are uneven, a smaller part does as well, if the next key has this many times less. */
const STANDS_OUT = 1.5;
const NOTABLE_KEY = 0.05;

/** One key with this part of the events keeps all others out. */
const ONE_KEY = 0.8;

/** A part of a thread's working time that is worth an advice. */
const NOTABLE_PART = 0.1;

/** Lanes that spend less of their time in handlers than this are not made quicker by cheaper ones. */
const HANDLERS = 0.3;

/** Events of a mean commit from which on larger ones save next to nothing. */
const LARGE_COMMIT = 256;

/** The queue counts as full when it is this full in the mean. */
const FULL = 0.5;

/** Causes that show in how busy the threads are: which one everything waits for. */
export const balanceJudges: readonly Judge[] = [
  idle,
  handlersWait,
  mainBound,
  writerBound,
  lanesBound,
  laneSkew,
];

function idle({ threads, session }: Evidence) {
  const busiest = busiestOf(threads);
  const value = busiest?.busyShare ?? 0;
  if (value >= IDLE || commitShare(session) >= IDLE || isFull(session)) return [];
  const who = busiest
    ? `the busiest thread, ${busiest.name}, works ${percent(value)} of the time`
    : 'no thread was seen';
  return [
    {
      cause: 'idle' as const,
      ...(busiest && { thread: busiest.name }),
      value,
      weight: 1 - value,
      sentence: `Nothing is bound: you are idle; ${who}.`,
      advice: 'There is nothing to tune. Profile under the load that troubles you.',
    },
  ];
}

/** The queue is full, and yet nobody works: handlers wait for something outside. */
function handlersWait({ threads, session }: Evidence) {
  const busy = busiestOf(threads)?.busyShare ?? 0;
  if (busy >= IDLE || commitShare(session) >= IDLE || !isFull(session)) return [];
  const value = fullness(session);
  return [
    {
      cause: 'handlers-wait' as const,
      value,
      weight: 1 - busy,
      sentence: `Handlers wait: the engine is ${percent(value)} full, but no thread works more than ${percent(busy)} of the time.`,
      advice: adviceOnWaiting(session),
    },
  ];
}

/** Concurrency helps where other keys wait; not behind one key, nor while failed events wait to be tried again. */
function adviceOnWaiting({ settings, hotKeys, counts }: Evidence['session']): string {
  const [hot] = hotKeys;
  if (hot && hot.share >= ONE_KEY) {
    return `Give the event type a finer partitionKey: key ${JSON.stringify(hot.key)} has ${percent(hot.share)} of all events, and they are handled one at a time.`;
  }
  const raise = `Raise concurrency above ${settings.concurrency}, so that a lane handles other keys while one awaits.`;
  if (counts.failed === 0) return raise;
  return `${counts.failed} attempts failed, and what failed waits before it is tried again: look at the dead letters first. ${raise}`;
}

function mainBound({ threads, session }: Evidence) {
  const main = threads.find(({ role }) => role === 'dispatcher');
  if (!main || main.busyShare < BOUND) return [];
  return [
    {
      cause: 'main-bound' as const,
      thread: main.name,
      value: main.busyShare,
      weight: main.busyShare,
      sentence: `The main thread is bound: it works ${percent(main.busyShare)} of the time.`,
      advice: adviceOnMain(main, session),
    },
  ];
}

/** Only what the samples show: what nobody does cannot be done less. */
function adviceOnMain(
  { rooms, cpuMs }: ThreadSummary,
  { settings, spans, counts }: Evidence['session'],
): string {
  const share = (room: Room) => (rooms && cpuMs > 0 ? rooms[room] / cpuMs : 0);
  const inline = settings.threads === 0 && counts.handled > 0;
  const user = share('user');
  const validation = settings.validate === 'off' ? 0 : share('validation');
  const advice = [
    ...(inline
      ? [
          `set threads to 1 or more, so that handlers leave the main thread: they take ${percent(share('handler'))}`,
        ]
      : []),
    ...(user >= NOTABLE_PART
      ? [`move the heavy part of your own code on this thread into lane handlers: it takes ${percent(user)}`]
      : []),
    ...(validation >= NOTABLE_PART
      ? [`set validate to off for events that you trust: validation takes ${percent(validation)}`]
      : []),
    ...(!inline && meanEvents(spans, 'commit') < LARGE_COMMIT
      ? ['publish more events at once (publishMany)']
      : []),
  ];
  if (advice.length === 0)
    return 'It is the engine’s own work: make events smaller, or publish fewer of them.';
  const text = advice.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function writerBound({ threads, session }: Evidence) {
  const writer = threads.find(({ role }) => role === 'writer');
  const commits = commitShare(session);
  const value = Math.max(commits, writer?.busyShare ?? 0);
  if (!writer || value < BOUND) return [];
  const { durability } = session.settings;
  const what =
    commits >= BOUND
      ? `commits take ${percent(commits)} of the time`
      : `it works ${percent(value)} of the time`;
  const many = meanEvents(session.spans, 'commit') < LARGE_COMMIT;
  const relaxed = 'Set durability to os if losing the last moments in a power cut is bearable';
  const smaller = 'Make payloads smaller, or emit fewer events: each is a row that is written.';
  const advice =
    durability === 'disk'
      ? `${relaxed}${many ? ', or publish more events at once (publishMany), so that fewer commits wait for the disk' : ', or use a faster disk'}.`
      : many
        ? `Publish more events at once (publishMany), so that there are fewer commits. ${smaller}`
        : smaller;
  return [
    {
      cause: 'writer-bound' as const,
      thread: writer.name,
      value,
      weight: value,
      sentence: `The writer is bound: ${what} (durability ${durability}).`,
      advice,
    },
  ];
}

function lanesBound({ threads, session }: Evidence) {
  const lanes = threads.filter(({ role }) => role === 'lane');
  const least = Math.min(...lanes.map(({ busyShare }) => busyShare));
  if (lanes.length === 0 || least < BOUND) return [];
  const more = session.settings.threads < session.cores - 1;
  return [
    {
      cause: 'lanes-bound' as const,
      value: least,
      // Below one handler that takes most of it: that says more, and what to do.
      weight: least * 0.7,
      sentence: `${lanesText(lanes.length)} ${percent(least)} of the time.`,
      advice: more
        ? `Raise threads from ${session.settings.threads} towards ${session.cores - 1}: the machine has ${session.cores} cores.`
        : `The machine has ${session.cores} core${session.cores === 1 ? '' : 's'}, so more threads will not help: ${cheaper(lanes)}.`,
    },
  ];
}

/** Handlers can be made cheaper where lanes spend their time in them. */
function cheaper(lanes: readonly ThreadSummary[]): string {
  const sum = (of: (lane: ThreadSummary) => number) => lanes.reduce((total, lane) => total + of(lane), 0);
  const handlers = sum(({ rooms, cpuMs }) => (rooms ? rooms.handler + rooms.user : cpuMs));
  return handlers >= HANDLERS * sum(({ cpuMs }) => cpuMs)
    ? 'make the handlers cheaper'
    : 'most of their time is the engine’s, so handle and emit fewer or smaller events';
}

function lanesText(count: number): string {
  if (count === 1) return 'The lane is bound: it works';
  return `${count === 2 ? 'Both' : `All ${count}`} lanes are bound: the least busy works`;
}

function laneSkew({ threads, session }: Evidence) {
  const lanes = threads.filter(({ role }) => role === 'lane');
  const busiest = busiestOf(lanes);
  if (!busiest || lanes.length < 2) return [];
  const others = meanBusy(lanes.filter((lane) => lane !== busiest));
  const value = busiest.busyShare - others;
  const hot = hotKeyOf(session);
  // Free keys go to whichever lane is idle, so a gap that matters comes from one key that cannot be shared out.
  if (value < SKEW || busiest.busyShare < IDLE) return [];
  const key = hot ? ` Key ${JSON.stringify(hot.key)} has ${percent(hot.share)} of all events.` : '';
  return [
    {
      cause: 'lane-skew' as const,
      thread: busiest.name,
      value,
      weight: hot ? Math.max(value, hot.share * busiest.busyShare) : value,
      sentence: `The lanes are uneven: ${busiest.name} works ${percent(busiest.busyShare)} of the time, the others ${percent(others)}.${key}`,
      advice: hot
        ? 'Give the event type a finer partitionKey: events of one key are handled one at a time, on one lane.'
        : 'Look for a key or a handler that takes long at a time: more threads will not help.',
    },
  ];
}

/**
 * The key that fills a lane by itself, as far as counts tell. A key whose events take long has fewer of them handled
 * than published, so on uneven lanes it is enough that it stands out.
 */
function hotKeyOf({ hotKeys }: Evidence['session']) {
  const [hot, next] = hotKeys;
  if (!hot) return undefined;
  const standsOut = hot.share >= NOTABLE_KEY && hot.share >= STANDS_OUT * (next?.share ?? 0);
  return hot.share >= HOT_KEY || standsOut ? hot : undefined;
}

function meanBusy(lanes: readonly ThreadSummary[]): number {
  return lanes.reduce((sum, { busyShare }) => sum + busyShare, 0) / lanes.length;
}

/** Events of a mean span; none seen counts as small ones. */
function meanEvents(spans: Evidence['session']['spans'], kind: 'batch' | 'commit'): number {
  const own = spans.filter((span) => span.kind === kind);
  return own.reduce((sum, { events }) => sum + (events ?? 0), 0) / (own.length || 1);
}

/** Share of the session in which a commit was under way. */
function commitShare({ spans, duration }: Evidence['session']): number {
  return duration > 0 ? unionOf(spans.filter(({ kind }) => kind === 'commit')) / duration : 0;
}

function isFull(session: Evidence['session']): boolean {
  return fullness(session) >= FULL;
}

/** How full the engine was in the mean, 0 to 1. */
function fullness({ queues }: Evidence['session']): number {
  if (queues.length === 0) return 0;
  return queues.reduce((sum, { inFlight, maxInFlight }) => sum + inFlight / maxInFlight, 0) / queues.length;
}
