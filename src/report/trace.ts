import type { ProfiledSpan, ProfileSession } from '../sampling/session.js';

/** An event of Chrome's trace format. Times are microseconds. */
export type TraceEvent =
  | {
      readonly ph: 'M';
      readonly name: 'process_name' | 'thread_name' | 'thread_sort_index';
      readonly pid: number;
      readonly tid: number;
      readonly args: { readonly name: string } | { readonly sort_index: number };
    }
  | {
      readonly ph: 'X';
      readonly name: string;
      readonly cat: string;
      readonly pid: number;
      readonly tid: number;
      readonly ts: number;
      readonly dur: number;
      readonly args: Readonly<Record<string, number>>;
    }
  | {
      readonly ph: 'C';
      readonly name: string;
      readonly pid: number;
      readonly tid: number;
      readonly ts: number;
      readonly args: Readonly<Record<string, number>>;
    };

/** A file that Perfetto and chrome://tracing open. */
export interface TraceFile {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string>>;
}

const PID = 1;
const MICROS_PER_MS = 1000;

/** The timeline of a session: what each thread was busy with, and how the queues, the WAL and the heaps grew. */
export function traceFile(session: ProfileSession): TraceFile {
  const tracks = tracksOf(session);
  return {
    traceEvents: [
      { ph: 'M', name: 'process_name', pid: PID, tid: 0, args: { name: 'millrace' } },
      ...tracks.flatMap(({ name }, index) => namesOf(name, index + 1)),
      ...tracks.flatMap(({ spans }, index) => spans.map((span) => spanEvent(span, index + 1))),
      ...queueCounters(session),
      ...memoryCounters(session),
    ],
    displayTimeUnit: 'ms',
    otherData: { startedAt: session.startedAt, node: session.node, cpu: session.cpu },
  };
}

interface Track {
  readonly name: string;
  readonly spans: readonly ProfiledSpan[];
}

/** A track can show only spans that lie in one another or apart: what overlaps goes to a further track. */
function tracksOf({ threads, spans }: ProfileSession): Track[] {
  return threads.flatMap(({ name }) => {
    const own = spans.filter(({ thread }) => thread === name);
    const rows = nested(own);
    return (rows.length > 0 ? rows : [[]]).map((row, index) => ({
      name: index === 0 ? name : `${name} (${index + 1})`,
      spans: row,
    }));
  });
}

function nested(spans: readonly ProfiledSpan[]): ProfiledSpan[][] {
  const rows: { spans: ProfiledSpan[]; open: ProfiledSpan[] }[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    for (const row of rows) {
      while ((row.open.at(-1)?.end ?? Number.POSITIVE_INFINITY) <= span.start) row.open.pop();
    }
    let row = rows.find(({ open }) => span.end <= (open.at(-1)?.end ?? Number.POSITIVE_INFINITY));
    if (!row) {
      row = { spans: [], open: [] };
      rows.push(row);
    }
    row.spans.push(span);
    row.open.push(span);
  }
  return rows.map((row) => row.spans);
}

function namesOf(name: string, tid: number): TraceEvent[] {
  return [
    { ph: 'M', name: 'thread_name', pid: PID, tid, args: { name } },
    { ph: 'M', name: 'thread_sort_index', pid: PID, tid, args: { sort_index: tid } },
  ];
}

function spanEvent({ kind, start, end, events }: ProfiledSpan, tid: number): TraceEvent {
  return {
    ph: 'X',
    name: kind,
    cat: 'millrace',
    pid: PID,
    tid,
    ts: start * MICROS_PER_MS,
    dur: (end - start) * MICROS_PER_MS,
    args: events === undefined ? {} : { events },
  };
}

function queueCounters({ queues }: ProfileSession): TraceEvent[] {
  return queues.flatMap(({ at, inFlight, waiting, lanes, walBytes }) => {
    const counter = (name: string, args: Record<string, number>): TraceEvent => ({
      ph: 'C',
      name,
      pid: PID,
      tid: 0,
      ts: at * MICROS_PER_MS,
      args,
    });
    return [
      counter('in flight', { events: inFlight }),
      counter('waiting publishers', { publishers: waiting }),
      counter('lane queues', Object.fromEntries(lanes.map((events, lane) => [`lane-${lane}`, events]))),
      counter('WAL', { bytes: walBytes }),
    ];
  });
}

function memoryCounters({ threads }: ProfileSession): TraceEvent[] {
  return threads.flatMap(({ name, memory }) =>
    memory.map(
      ({ at, heapUsed, external }): TraceEvent => ({
        ph: 'C',
        name: `memory of ${name}`,
        pid: PID,
        tid: 0,
        ts: at * MICROS_PER_MS,
        args: { heap: heapUsed, external },
      }),
    ),
  );
}
