import { button, element, section } from '../../page/browser/dom.js';
import { ROOMS, type Room, type ThreadSummary } from '../summary.js';
import { asMs, asNumber, asShare } from '../units.js';
import { legend, ROOM_NAMES } from './colours.js';

const SOURCES = { samples: '', 'event-loop': 'by event loop', spans: 'by spans', none: 'not seen' } as const;

/** One bar a thread: the session's whole length, divided by whose code ran. */
export function threadBars(
  threads: readonly ThreadSummary[],
  showThread: (name: string) => void,
): HTMLElement {
  const rows = threads.map((thread) =>
    element(
      'li',
      {},
      button(thread.name, 'Show this thread’s flame graph', () => showThread(thread.name)),
      element('span', { class: 'bar', role: 'img', 'aria-label': spoken(thread) }, ...pieces(thread)),
      element('span', { class: 'number' }, `${asShare(thread.busyShare)} busy`),
      element('span', { class: 'note' }, SOURCES[thread.source] || `GC ${asNumber(thread.gcMs)} ms`),
    ),
  );
  return section(
    'threads',
    'Threads',
    legend(ROOMS.map((room) => [room, ROOM_NAMES[room]])),
    element('ul', { class: 'bars' }, ...rows),
  );
}

/** Without samples it is known how long a thread worked, but not on what. */
function amounts({ rooms, cpuMs, idleMs }: ThreadSummary): [Room, number][] {
  return rooms === null
    ? [
        ['program', cpuMs],
        ['idle', idleMs],
      ]
    : ROOMS.map((room) => [room, rooms[room]]);
}

function pieces(thread: ThreadSummary): HTMLElement[] {
  const whole = thread.cpuMs + thread.idleMs || 1;
  return amounts(thread)
    .filter(([, ms]) => ms > 0)
    .map(([room, ms]) => {
      const title = `${ROOM_NAMES[room]}: ${asMs(ms)}, ${asShare(ms / whole)}`;
      const piece = element('span', { class: 'piece', title });
      piece.style.width = `${(ms / whole) * 100}%`;
      piece.style.background = `var(--${room})`;
      return piece;
    });
}

function spoken(thread: ThreadSummary): string {
  const parts = amounts(thread).filter(([, ms]) => ms > 0);
  return `${thread.name}: ${parts.map(([room, ms]) => `${ROOM_NAMES[room]} ${asMs(ms)}`).join(', ')}`;
}
