import type {
  HandledWork,
  ProfiledSpan,
  ProfiledThread,
  ProfileSession,
  ThreadRole,
} from '../../sampling/session.js';
import type { ThreadReading } from '../../sampling/thread-profiler.js';

/** A thread's part in a profile: what it recorded, or why there is nothing. */
export interface ThreadRecord {
  readonly name: string;
  readonly role: ThreadRole;
  readonly lane?: number;
  readonly reading?: ThreadReading | undefined;
  readonly missing?: string | undefined;
}

/** A session with the text of every file that it names. */
export interface RecordedProfile {
  readonly session: ProfileSession;
  readonly files: ReadonlyMap<string, string>;
}

/** What the engine knows of a session; the threads' own part comes from their records. */
export type EnginePart = Omit<ProfileSession, 'version' | 'threads' | 'spans' | 'spansLeftOut' | 'handled'>;

const CHECKPOINTER = 'checkpointer';

/**
 * Puts the threads' records together on one time axis.
 *
 * @param startedAt instant of the start in milliseconds since the Unix epoch.
 * @param typeName name of a stored event type.
 */
export function assemble(
  engine: EnginePart,
  records: readonly ThreadRecord[],
  startedAt: number,
  typeName: (id: number) => string,
): RecordedProfile {
  const files = new Map<string, string>();
  const threads = records.map((record) => threadOf(record, startedAt, files));
  const spans = records.flatMap((record) => spansOf(record, startedAt, engine.duration));
  if (spans.some(({ thread }) => thread === CHECKPOINTER)) {
    threads.push({ name: CHECKPOINTER, role: CHECKPOINTER, missing: CHECKPOINTER_MISSING, memory: [] });
  }
  const session: ProfileSession = {
    version: 1,
    ...engine,
    threads,
    handled: records.flatMap((record) => handledBy(record, typeName)),
    spans: spans.sort((a, b) => a.start - b.start),
    spansLeftOut: records.reduce((sum, { reading }) => sum + (reading?.spansLeftOut ?? 0), 0),
  };
  return { session, files };
}

function handledBy(
  { name, lane = 0, reading }: ThreadRecord,
  typeName: (id: number) => string,
): HandledWork[] {
  const { work = [], consumed = [] } = reading ?? {};
  return [
    ...work.map(({ type, events, busy }) => ({ lane, type: typeName(type), events, busy })),
    ...consumed.map((own) => ({ thread: name, ...own })),
  ];
}

const CHECKPOINTER_MISSING =
  'It runs nothing but SQLite’s checkpoint, so it is not sampled; its spans are in the timeline.';

function threadOf(
  { name, role, lane, reading, missing }: ThreadRecord,
  startedAt: number,
  files: Map<string, string>,
): ProfiledThread {
  const file = (suffix: string, text: string | undefined) => {
    if (text === undefined) return undefined;
    files.set(`${name}.${suffix}`, text);
    return `${name}.${suffix}`;
  };
  const cpuProfile = file('cpuprofile', reading?.cpuProfile);
  const heapProfile = file('heapprofile', reading?.heapProfile);
  const reason = missing ?? reading?.missing;
  return {
    name,
    role,
    ...(lane !== undefined && { lane }),
    ...(cpuProfile !== undefined && { cpuProfile }),
    ...(heapProfile !== undefined && { heapProfile }),
    ...(reason !== undefined && { missing: reason }),
    ...(reading && reading.memory.length > 0 && { active: reading.active }),
    memory: (reading?.memory ?? []).map(({ at, ...sizes }) => ({ at: at - startedAt, ...sizes })),
  };
}

/** What lies in the session; a batch may have begun before it. */
function spansOf({ name, reading }: ThreadRecord, startedAt: number, duration: number): ProfiledSpan[] {
  return (reading?.spans ?? []).flatMap((span) => {
    const start = Math.max(0, span.start - startedAt);
    const end = Math.min(duration, span.end - startedAt);
    return end < start ? [] : [{ ...span, thread: span.thread ?? name, start, end }];
  });
}
