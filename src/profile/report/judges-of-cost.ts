import { type Evidence, type Judge, percent } from './evidence.js';
import type { HandlerRow } from './summary.js';

/** A handler that takes this share of all handlers' and lanes' time is the one to look at. */
const DOMINATES = 0.4;

/** So is one that takes this share of all handlers' time, where handlers matter at all. */
const MOST_OF_HANDLERS = 0.6;
const HANDLERS_MATTER = 0.2;

/** An ordinary program collects for a few per cent of its time. */
const TOO_MUCH_GC = 0.15;

/** Encoding and copying usually take 5 to 15 % of a busy thread. */
const TOO_MUCH_CLONING = 0.3;

/** With fewer events in a batch the message costs more than what it carries. */
const SMALL_BATCH = 16;

/** Lanes that are busy for less of the time than this are nobody's problem, whatever runs on them. */
const MATTERS = 0.25;

/** A thread that is busy for less of the time than this is not bound, whatever it does. */
const BUSY = 0.5;

const KIB = 1024;

/** Causes that show in what the threads spend their time on. */
export const costJudges: readonly Judge[] = [handlerDominates, gcBound, cloneBound];

function handlerDominates({ session, threads, handlers }: Evidence) {
  const where = session.settings.threads === 0 ? 'dispatcher' : 'lane';
  const lanes = threads.filter(({ role }) => role === where);
  const laneMs = lanes.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  const busy = Math.max(0, ...lanes.map(({ busyShare }) => busyShare));
  const top = mostOf(handlers, timeOf);
  if (!top || laneMs === 0 || busy < MATTERS) return [];
  const value = Math.min(1, top.amount / laneMs);
  const all = handlers.reduce((sum, other) => sum + timeOf(other), 0);
  const isMost = value >= HANDLERS_MATTER && top.amount >= MOST_OF_HANDLERS * all;
  if (value < DOMINATES && !isMost) return [];
  const { row } = top;
  const more = value < DOMINATES ? ', more than all other handlers together' : '';
  const events = handlers
    .filter(({ handler }) => handler === row.handler)
    .reduce((sum, { events }) => sum + events, 0);
  const each = events > 0 ? `, ${Math.round((top.amount * 1000) / events)} µs per event` : '';
  return [
    {
      cause: 'handler-dominates' as const,
      thread: row.thread,
      handler: row.handler,
      value,
      weight: value * busy,
      sentence: `Handler ${row.handler} dominates: it takes ${percent(value)} of the ${where === 'lane' ? 'lanes’' : 'main thread’s'} working time${more}${each}.`,
      advice: `Make ${row.handler} cheaper: search for it in the flame graph to see where its time goes.`,
    },
  ];
}

function gcBound({ threads, handlers }: Evidence) {
  return threads.flatMap(({ name, cpuMs, gcMs, busyShare }) => {
    const value = cpuMs > 0 ? gcMs / cpuMs : 0;
    if (value < TOO_MUCH_GC || busyShare < BUSY) return [];
    const own = handlers.filter(({ thread }) => thread === name);
    const top = mostOf(own, ({ bytes }) => bytes ?? 0) ?? mostOf(own, (row) => row.gcMs ?? 0);
    const perEvent = top?.row.bytesPerEvent ?? null;
    const who = top
      ? ` Handler ${top.row.handler} allocates most${perEvent === null ? '' : `, ${(perEvent / KIB).toFixed(1)} KiB per event`}.`
      : '';
    return [
      {
        cause: 'gc-bound' as const,
        thread: name,
        ...(top && { handler: top.row.handler }),
        value,
        weight: value * busyShare,
        sentence: `Garbage collection takes ${percent(value)} of the working time of ${name}.${who}`,
        advice: 'Allocate less per event, or raise resourceLimits.maxYoungGenerationSizeMb of the lanes.',
      },
    ];
  });
}

function cloneBound({ threads, session }: Evidence) {
  return threads.flatMap(({ name, cpuMs, cloneMs, busyShare }) => {
    const value = cpuMs > 0 ? (cloneMs ?? 0) / cpuMs : 0;
    if (value < TOO_MUCH_CLONING || busyShare < BUSY) return [];
    return [
      {
        cause: 'clone-bound' as const,
        thread: name,
        value,
        weight: value * busyShare,
        sentence: `Encoding events and sending them between threads takes ${percent(value)} of the working time of ${name}.`,
        advice: adviceOnMessages(session),
      },
    ];
  });
}

/** Waking a thread costs as much as encoding dozens of events, so what helps depends on how many share a message. */
function adviceOnMessages({ spans }: Evidence['session']): string {
  const batches = spans.filter(({ kind }) => kind === 'batch');
  const events = batches.reduce((sum, batch) => sum + (batch.events ?? 0), 0) / (batches.length || 1);
  return batches.length > 0 && events < SMALL_BATCH
    ? `Publish more events at once (publishMany): a lane got only ${events.toFixed(1)} events in a message.`
    : 'Make payloads smaller and flat, and put large read-only data into the option shared.';
}

/** The handler with the most of something over all threads, with the row of the thread that has most of it. */
function mostOf(rows: readonly HandlerRow[], amountOf: (row: HandlerRow) => number) {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(row.handler, (sums.get(row.handler) ?? 0) + amountOf(row));
  const [top] = [...sums].sort(([, a], [, b]) => b - a);
  if (!top || top[1] <= 0) return undefined;
  const own = rows.filter(({ handler }) => handler === top[0]).sort((a, b) => amountOf(b) - amountOf(a));
  return { row: own[0] as HandlerRow, amount: top[1] };
}

function timeOf({ cpuMs, busyMs }: HandlerRow): number {
  return cpuMs ?? busyMs;
}
