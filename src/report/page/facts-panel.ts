import { element, section } from '../../page/browser/dom.js';
import type { PageData } from '../page-types.js';
import { asCount, asMs, asShare } from '../units.js';

/** Share of a thread's working time that is not worth a line. */
const NEXT_TO_NOTHING = 0.02;

export function headerOf({ session, summary }: PageData): HTMLElement {
  const { handled } = summary.throughput;
  return element(
    'header',
    {},
    element('h1', {}, 'Millrace profile'),
    element(
      'p',
      {},
      `${session.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')} · ${asMs(session.duration)} · ` +
        `${asCount(session.counts.handled)} events handled, ${asCount(handled)} a second`,
    ),
  );
}

/** Settings, machine, counts, the hottest keys, and what is missing. */
export function factsPanel({ session, summary }: PageData): HTMLElement {
  const { settings, counts, hotKeys } = session;
  return section(
    'facts',
    'Settings and machine',
    element(
      'div',
      { class: 'columns' },
      list([
        ['threads', String(settings.threads)],
        ['concurrency', String(settings.concurrency)],
        ['durability', settings.durability],
        ...(['dispatch', 'validate', 'deterministic'] as const).flatMap((name) =>
          settings[name] === undefined ? [] : [[name, String(settings[name])] as const],
        ),
        ['maxInFlight', asCount(settings.maxInFlight)],
        ['CPU samples', settings.cpu ? `every ${asCount(settings.intervalMicros)} µs` : 'off'],
        ['allocation samples', settings.heap ? 'on' : 'off'],
      ]),
      list([
        ['processor', session.cpu],
        ['cores', String(session.cores)],
        ['Node', session.node],
        ['length', asMs(session.duration)],
        ...(session.spansLeftOut > 0
          ? ([['spans left out of the timeline', asCount(session.spansLeftOut)]] as const)
          : []),
      ]),
      list([
        ['published', asCount(counts.published)],
        ['durable', asCount(counts.durable)],
        ['handled', asCount(counts.handled)],
        ['failed', asCount(counts.failed)],
        ['lane deaths', asCount(counts.laneDeaths)],
      ]),
      list(hotKeys.slice(0, 6).map(({ key, share }) => [`key ${key}`, asShare(share)] as const)),
    ),
    ...notesPart('Not recorded', 'missing', summary.missing),
    ...notesPart('Without a handler', 'unattributed', unattributed(summary.threads)),
  );
}

function list(entries: readonly (readonly [name: string, value: string])[]): HTMLElement {
  const pairs = entries.map(([name, value]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, value)),
  );
  return element('dl', {}, ...pairs);
}

interface Note {
  readonly thread: string;
  readonly reason: string;
}

function notesPart(heading: string, id: string, notes: readonly Note[]): HTMLElement[] {
  if (notes.length === 0) return [];
  const lines = notes.map(({ thread, reason }) =>
    element('li', {}, element('strong', {}, thread), `: ${reason}`),
  );
  return [element('h3', {}, heading), element('ul', { id, class: 'notes' }, ...lines)];
}

/** Time on lanes that is nobody's must not be missed in silence, unless it is next to nothing. */
function unattributed(threads: PageData['summary']['threads']): Note[] {
  return threads
    .filter(({ unattributedMs, cpuMs }) => unattributedMs > cpuMs * NEXT_TO_NOTHING)
    .map(({ name, unattributedMs }) => ({
      thread: name,
      reason: `${asMs(unattributedMs)} of your code ran from a timer, or after an await in a function that was never seen below a handler.`,
    }));
}
