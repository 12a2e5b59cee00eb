import type { ThreadRole } from '../sampling/session.js';
import { type Evidence, type Judge, percent } from './evidence.js';
import type { HandlerRow } from './summary.js';

/** A handler that takes this share of all handlers' and lanes' time is the one to look at. */
const DOMINATES = 0.4;

/** So is one that takes this share of all handlers' time, where handlers matter at all. */
const MOST_OF_HANDLERS = 0.6;
const HANDLERS_MATTER = 0.2;

/** Emitting an event costs a few microseconds; where it takes this share, handlers do little else. */
const TOO_MUCH_EMITTING = 0.3;

/** A part that is worth being named. */
const NOTABLE = 0.05;

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
export const costJudges: readonly Judge[] = [handlerDominates, emitBound, gcBound, cloneBound];

/** Its own code alone: what the engine takes for it is another cause. */
function handlerDominates(evidence: Evidence) {
  const { handlers } = evidence;
  const { laneMs, busy, where } = lanesOf(evidence);
  const top = mostOf(handlers, ownTimeOf);
  if (!top || laneMs === 0 || busy < MATTERS) return [];
  const value = Math.min(1, top.amount / laneMs);
  const all = sumOf(handlers, timeOf);
  const isMost = value >= HANDLERS_MATTER && top.amount >= MOST_OF_HANDLERS * all;
  if (value < DOMINATES && !isMost) return [];
  const { row } = top;
  const own = handlers.filter(({ handler }) => handler === row.handler);
  const more = value < DOMINATES ? ', more than all other handlers together' : '';
  const events = sumOf(own, (other) => other.events);
  const each = events > 0 ? `, ${Math.round((top.amount * 1000) / events)} µs per event` : '';
  const forIt = sumOf(own, ({ engineMs }) => engineMs ?? 0) / laneMs;
  const rest =
    forIt >= NOTABLE ? ` That is its own code; what it emits takes another ${percent(forIt)}.` : '';
  const unknown = row.cpuMs === null ? ' What it emits is included: no CPU samples tell the two apart.' : '';
  return [
    {
      cause: 'handler-dominates' as const,
      thread: row.thread,
      handler: row.handler,
      value,
      weight: value * busy,
      sentence: `Handler ${row.handler} dominates: it takes ${percent(value)} of the ${where} working time${more}${each}.${rest}${unknown}`,
      advice: `Make ${row.handler} cheaper: search for it in the flame graph to see where its time goes.`,
    },
  ];
}

/** What the engine does for handlers while they run, above all checking and encoding what they emit. */
function emitBound(evidence: Evidence) {
  const { handlers, session } = evidence;
  const { laneMs, busy, where } = lanesOf(evidence);
  const top = mostOf(handlers, ({ engineMs }) => engineMs ?? 0);
  if (!top || laneMs === 0 || busy < MATTERS) return [];
  const value = Math.min(1, sumOf(handlers, ({ engineMs }) => engineMs ?? 0) / laneMs);
  if (value < TOO_MUCH_EMITTING) return [];
  const validation = sumOf(handlers, ({ validationMs }) => validationMs ?? 0) / laneMs;
  const canBeOff = session.settings.validate !== 'off' && validation >= NOTABLE;
  return [
    {
      cause: 'emit-bound' as const,
      thread: top.row.thread,
      handler: top.row.handler,
      value,
      weight: value * busy,
      sentence: `What handlers emit takes ${percent(value)} of the ${where} working time (validation by schemas: ${percent(validation)}); most of that is for ${top.row.handler}.`,
      advice: canBeOff
        ? 'Set validate to off for events that you trust, make their schemas simpler, or emit fewer events.'
        : 'Emit fewer events, or smaller ones.',
    },
  ];
}

/** The threads that handlers run on: their working time, and how busy the busiest is. */
function lanesOf({ session, threads }: Evidence) {
  const inline = session.settings.threads === 0;
  const lanes = threads.filter(({ role }) => role === (inline ? 'dispatcher' : 'lane'));
  return {
    laneMs: lanes.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    busy: Math.max(0, ...lanes.map(({ busyShare }) => busyShare)),
    where: inline ? 'main thread’s' : 'lanes’',
  };
}

function gcBound({ threads, handlers }: Evidence) {
  return threads.flatMap(({ name, role, cpuMs, gcMs, busyShare, allocatedBytes }) => {
    const value = cpuMs > 0 ? gcMs / cpuMs : 0;
    if (value < TOO_MUCH_GC || busyShare < BUSY) return [];
    const own = handlers.filter(({ thread }) => thread === name);
    const top = mostOf(own, ({ bytes }) => bytes ?? 0) ?? mostOf(own, (row) => row.gcMs ?? 0);
    const perEvent = top?.row.bytesPerEvent ?? null;
    const share = top?.row.bytes && allocatedBytes ? top.row.bytes / allocatedBytes : null;
    const part = share === null ? '' : ` ${percent(share)} of what the thread allocates`;
    const each = perEvent === null ? '' : `, ${(perEvent / KIB).toFixed(1)} KiB per event`;
    const who = top
      ? ` Of the handlers, ${top.row.handler} allocates most, with what it emits:${part || ' by its collections'}${each}.`
      : '';
    return [
      {
        cause: 'gc-bound' as const,
        thread: name,
        ...(top && { handler: top.row.handler }),
        value,
        weight: value * busyShare,
        sentence: `Garbage collection takes ${percent(value)} of the working time of ${name}.${who}`,
        advice: ADVICE_ON_GC[role],
      },
    ];
  });
}

/** resourceLimits are those of lanes; the main thread's heap is set for the process, and the writer keeps nothing. */
const ADVICE_ON_GC: Readonly<Record<ThreadRole, string>> = {
  lane: 'Allocate less per event, or raise resourceLimits.maxYoungGenerationSizeMb of the lanes.',
  dispatcher:
    'Allocate less on the main thread, or give it a larger young generation: node --max-semi-space-size=64.',
  consumer: 'Allocate less per event in the consumer’s module.',
  writer: 'Make payloads smaller: the writer allocates little but what it writes.',
  checkpointer: 'Make payloads smaller.',
};

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

function sumOf(rows: readonly HandlerRow[], amountOf: (row: HandlerRow) => number): number {
  return rows.reduce((sum, row) => sum + amountOf(row), 0);
}

function timeOf({ cpuMs, busyMs }: HandlerRow): number {
  return cpuMs ?? busyMs;
}

function ownTimeOf(row: HandlerRow): number {
  return timeOf(row) - (row.engineMs ?? 0);
}
