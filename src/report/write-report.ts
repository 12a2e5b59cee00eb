import { basename, join } from 'node:path';
import { MAX_PROFILE_BYTES } from '../files/limits.js';
import type { OutputFolder } from '../files/output-folder.js';
import { readBounded } from '../files/read-bounded.js';
import { messageOf } from '../kernel/thrown.js';
import type { ProfiledThread, ProfileSession } from '../sampling/session.js';
import { attribute } from './attribute.js';
import { cpuTree } from './cpu-tree.js';
import { handlerRows } from './handler-rows.js';
import { heapTree } from './heap-tree.js';
import { reportPage } from './html.js';
import { markdown } from './markdown.js';
import { pageData } from './page-data.js';
import { openProfileFolder } from './profile-folder.js';
import { readSession } from './read-session.js';
import { REPORT_FILES } from './report-files.js';
import { speedscopeFile } from './speedscope.js';
import type { ProfileSummary } from './summary.js';
import { summariseThread, type ThreadPart } from './thread-part.js';
import { traceFile } from './trace.js';
import { verdictsOf } from './verdicts.js';

const PROFILE = {
  limit: MAX_PROFILE_BYTES,
  advice: 'Profile for a shorter time, or with a longer interval.',
};

type Missing = ProfileSummary['missing'][number];

/**
 * Reads a recorded session and writes its report beside it: `report.html`, which opens from disk, `summary.json`,
 * `summary.md`, `threads.speedscope.json` (all threads) and `timeline.trace.json` (for Perfetto).
 *
 * A profile that is absent or damaged is named in the summary's `missing`; the others are reported all the same.
 *
 * @param directory folder with `session.json`.
 * @throws InputError when `session.json` is not one, and OutputError when the folder cannot be written.
 */
export async function writeReport(directory: string): Promise<ProfileSummary> {
  readSession(directory);
  return writeReportInto(openProfileFolder(directory, false));
}

/** Writes the report into the folder that its session was just written into. @internal */
export async function writeReportInto(folder: OutputFolder): Promise<ProfileSummary> {
  const directory = folder.path;
  const session = readSession(directory);
  const missing: Missing[] = [];
  const parts: ThreadPart[] = [];
  for (const thread of session.threads) parts.push(readPart(directory, thread, missing));
  const summary = summarise(session, parts, missing);
  await folder.write(REPORT_FILES.summary, `${JSON.stringify(summary, undefined, 1)}\n`);
  await folder.write(REPORT_FILES.text, markdown(summary, session));
  await folder.write(
    REPORT_FILES.speedscope,
    JSON.stringify(speedscopeFile(`Millrace, ${session.startedAt}`, parts)),
  );
  await folder.write(REPORT_FILES.trace, JSON.stringify(traceFile(session)));
  await folder.write(REPORT_FILES.page, await reportPage(pageData(session, summary, parts)));
  return summary;
}

function summarise(
  session: ProfileSession,
  parts: readonly ThreadPart[],
  missing: readonly Missing[],
): ProfileSummary {
  const threads = parts.map((part) => summariseThread(part, session));
  const handlers = handlerRows(parts, threads, session);
  const { startedAt, duration, counts } = session;
  const perSecond = (count: number) => (duration > 0 ? (count / duration) * 1000 : 0);
  return {
    version: 1,
    startedAt,
    duration,
    throughput: {
      published: perSecond(counts.published),
      durable: perSecond(counts.durable),
      handled: perSecond(counts.handled),
    },
    threads,
    handlers,
    verdicts: verdictsOf({ session, threads, handlers }),
    missing,
  };
}

function readPart(directory: string, thread: ProfiledThread, missing: Missing[]): ThreadPart {
  if (thread.missing !== undefined) missing.push({ thread: thread.name, reason: thread.missing });
  const read = <Tree>(file: string | undefined, build: (value: unknown) => Tree) => {
    if (file === undefined) return undefined;
    try {
      return build(JSON.parse(readBounded(join(directory, basename(file)), PROFILE).toString('utf8')));
    } catch (error) {
      missing.push({ thread: thread.name, reason: `${file} cannot be read: ${messageOf(error)}` });
      return undefined;
    }
  };
  const cpu = read(thread.cpuProfile, cpuTree);
  const heap = read(thread.heapProfile, heapTree);
  attribute(...[cpu, heap].filter((tree) => tree !== undefined));
  return { thread, ...(cpu && { cpu }), ...(heap && { heap }) };
}
