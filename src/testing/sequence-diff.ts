import { ALIGN_COMPARISONS, SHOWN_EVENTS } from '../limits.js';
import type { SeenEvent } from './event-source.js';
import { type Expectation, meets } from './expected-event.js';
import { eventText } from './text.js';

/** A line of a comparison: an expectation, an event, or an expectation with the event that meets it. */
interface Line {
  readonly expected?: Expectation;
  readonly event?: SeenEvent;
}

/**
 * Expected and published events side by side, so that as many as possible meet: `=` both, `-` expected and
 * missing, `+` published and not expected.
 *
 * @param extra how an event that nobody expected is marked.
 */
export function sequenceDiff(
  expected: readonly Expectation[],
  events: readonly SeenEvent[],
  extra: '+' | ' ',
): string {
  const lines = align(expected, events);
  const first = lines.findIndex((line) => !line.expected || !line.event);
  const from = Math.max(0, Math.min(first - 3, lines.length - SHOWN_EVENTS));
  const shown = lines.slice(from, from + SHOWN_EVENTS);
  const after = lines.length - from - shown.length;
  return [
    ...(from > 0 ? [`  … ${from} before`] : []),
    ...shown.flatMap((line, index) => [
      lineText(line, extra),
      ...fieldTexts(shown[index - 1], line).map((text) => `      ${text}`),
    ]),
    ...(after > 0 ? [`  … ${after} after`] : []),
  ].join('\n');
}

function lineText({ expected, event }: Line, extra: '+' | ' '): string {
  if (!event) return `  - ${expected?.text}`;
  return `  ${expected ? '=' : extra} ${eventText(event)}`;
}

/** What differs between an event and the expectation on the line before, when one may have been meant as the other. */
function fieldTexts(before: Line | undefined, { expected, event }: Line): readonly string[] {
  const meant = before?.event ? undefined : before?.expected;
  if (expected || !event || !meant || meant.eventType?.type !== event.type) return [];
  return meant.differences(event);
}

/** Pairs both lists in order. The longest common part is found by the table of all pairs, while that is small. */
function align(expected: readonly Expectation[], events: readonly SeenEvent[]): Line[] {
  if (expected.length * events.length > ALIGN_COMPARISONS) return alignFromFront(expected, events);
  const same = expected.map((wanted) => events.map((event) => meets(wanted, event)));
  // common[i][j]: the most pairs that expected from i on and events from j on can make.
  const common = Array.from({ length: expected.length + 1 }, () => new Uint32Array(events.length + 1));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = expected.length - 1; i >= 0; i--) {
    for (let j = events.length - 1; j >= 0; j--) {
      const row = common[i] as Uint32Array;
      row[j] = same[i]?.[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < expected.length || j < events.length) {
    const wanted = expected[i];
    const event = events[j];
    if (wanted && event && same[i]?.[j]) {
      lines.push({ expected: wanted, event });
      i++;
      j++;
    } else if (wanted && (!event || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ expected: wanted });
      i++;
    } else {
      lines.push({ event: event as SeenEvent });
      j++;
    }
  }
  return lines;
}

/** Pairs each expectation with the first event that meets it after the one before. */
function alignFromFront(expected: readonly Expectation[], events: readonly SeenEvent[]): Line[] {
  let next = 0;
  const lines = events.map((event): Line => {
    const wanted = expected[next];
    if (!wanted || !meets(wanted, event)) return { event };
    next++;
    return { expected: wanted, event };
  });
  return [...lines, ...expected.slice(next).map((wanted) => ({ expected: wanted }))];
}
