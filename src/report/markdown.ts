import type { ProfileSession } from '../sampling/session.js';
import { percent } from './evidence.js';
import type { HandlerRow, ProfileSummary, ThreadSummary } from './summary.js';
import { asBytes, asCount, asMs, asNumber, asShare } from './units.js';

/** `summary.md`: what a person reads first, and what a pull request can hold. */
export function markdown(summary: ProfileSummary, session: ProfileSession): string {
  const { counts } = session;
  const [first, ...others] = summary.verdicts;
  return `# Profile of ${summary.startedAt}

**${cell(first?.sentence ?? '')}** ${cell(first?.advice ?? '')}

${others.map(({ sentence, advice }) => `- ${cell(sentence)} ${cell(advice)}`).join('\n')}

${asMs(summary.duration)} on ${cell(session.cpu)}, ${session.cores} cores, Node ${cell(session.node)}; ${settingsText(session)}.
${asCount(counts.published)} events published, ${asCount(counts.handled)} handled (${asCount(summary.throughput.handled)} a second), ${asCount(counts.failed)} failed.

## Handlers

${tableOf(
  [
    'handler',
    'thread',
    'CPU ms',
    'of thread',
    'of all',
    'events',
    'µs/event',
    'allocated',
    'per event',
    'GC',
  ],
  summary.handlers.map(handlerCells),
)}

## Threads

${tableOf(['thread', 'busy', 'CPU ms', 'idle ms', 'GC ms', 'allocated', 'grown'], summary.threads.map(threadCells))}
${missingPart(summary)}`;
}

function settingsText({ settings }: ProfileSession): string {
  const { threads, concurrency, durability, dispatch, validate, deterministic } = settings;
  const known = { threads, concurrency, durability, dispatch, validate, deterministic };
  return Object.entries(known)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${cell(String(value))}`)
    .join(', ');
}

function handlerCells(row: HandlerRow): string[] {
  return [
    row.handler,
    row.thread,
    asNumber(row.cpuMs ?? row.busyMs),
    asShare(row.threadShare),
    asShare(row.totalShare),
    asCount(row.events),
    asNumber(row.microsPerEvent),
    asBytes(row.bytes),
    asBytes(row.bytesPerEvent),
    asShare(row.gcShare),
  ];
}

function threadCells({
  name,
  busyShare,
  cpuMs,
  idleMs,
  gcMs,
  allocatedBytes,
  grownBytes,
}: ThreadSummary): string[] {
  return [
    name,
    percent(busyShare),
    asNumber(cpuMs),
    asNumber(idleMs),
    asNumber(gcMs),
    asBytes(allocatedBytes),
    asBytes(grownBytes),
  ];
}

function missingPart({ missing }: ProfileSummary): string {
  if (missing.length === 0) return '';
  return `\n## Not recorded\n\n${missing.map(({ thread, reason }) => `- ${cell(thread)}: ${cell(reason)}`).join('\n')}\n`;
}

function tableOf(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(headings), `| ${headings.map(() => '---').join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** Text that cannot end a cell, begin a tag or a link, or break the line. */
function cell(text: string): string {
  return text.replace(/[\\`*_|<>[\]]/g, (character) => `\\${character}`).replace(/\s+/g, ' ');
}
