import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf } from '../../events/thrown.js';
import { type ProfiledThread, type ProfileSession, SESSION_FILE } from '../session.js';
import { attribute } from './attribute.js';
import { cpuTree } from './cpu-tree.js';
import { handlerRows } from './handler-rows.js';
import { heapTree } from './heap-tree.js';
import { reportPage } from './html.js';
import { markdown } from './markdown.js';
import { pageData } from './page-data.js';
import { readJson } from './read-json.js';
import { isList } from './shape.js';
import { speedscopeFile } from './speedscope.js';
import type { ProfileSummary } from './summary.js';
import { summariseThread, type ThreadPart } from './thread-part.js';
import { traceFile } from './trace.js';
import { verdictsOf } from './verdicts.js';

/** The files of a report, beside `session.json` and the profiles. */
export const REPORT_FILES = {
  page: 'report.html',
  summary: 'summary.json',
  text: 'summary.md',
  speedscope: 'threads.speedscope.json',
  trace: 'timeline.trace.json',
} as const;

type Missing = ProfileSummary['missing'][number];

/**
 * Reads a recorded session and writes its report beside it: `report.html`, which opens from disk, `summary.json`,
 * `summary.md`, `threads.speedscope.json` (all threads) and `timeline.trace.json` (for Perfetto).
 *
 * A profile that is absent or damaged is named in the summary's `missing`; the others are reported all the same.
 *
 * @param directory folder with `session.json`.
 * @throws InputError when `session.json` is not one, and the file system's errors.
 */
export async function writeReport(directory: string): Promise<ProfileSummary> {
  const session = await readSession(directory);
  const missing: Missing[] = [];
  const parts: ThreadPart[] = [];
  for (const thread of session.threads) parts.push(await readPart(directory, thread, missing));
  const summary = summarise(session, parts, missing);
  const put = (name: string, text: string) => writeFile(join(directory, name), text);
  await put(REPORT_FILES.summary, `${JSON.stringify(summary, undefined, 1)}\n`);
  await put(REPORT_FILES.text, markdown(summary, session));
  await put(REPORT_FILES.speedscope, JSON.stringify(speedscopeFile(`Millrace, ${session.startedAt}`, parts)));
  await put(REPORT_FILES.trace, JSON.stringify(traceFile(session)));
  await put(REPORT_FILES.page, await reportPage(pageData(session, summary, parts)));
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

async function readPart(directory: string, thread: ProfiledThread, missing: Missing[]): Promise<ThreadPart> {
  if (thread.missing !== undefined) missing.push({ thread: thread.name, reason: thread.missing });
  const read = async <Tree>(file: string | undefined, build: (value: unknown) => Tree) => {
    if (file === undefined) return undefined;
    try {
      return build(JSON.parse(await readFile(join(directory, basename(file)), 'utf8')));
    } catch (error) {
      missing.push({ thread: thread.name, reason: `${file} cannot be read: ${messageOf(error)}` });
      return undefined;
    }
  };
  const cpu = await read(thread.cpuProfile, cpuTree);
  const heap = await read(thread.heapProfile, heapTree);
  attribute(...[cpu, heap].filter((tree) => tree !== undefined));
  return { thread, ...(cpu && { cpu }), ...(heap && { heap }) };
}

async function readSession(directory: string): Promise<ProfileSession> {
  const value = await readJson(
    join(directory, SESSION_FILE),
    ({ threads, spans }) => isList(threads) && isList(spans),
    'no profile of version 1. Name the folder that a profile was written to, by this version of Millrace.',
  );
  return value as unknown as ProfileSession;
}
