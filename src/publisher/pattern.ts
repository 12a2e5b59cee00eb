import { InvalidOptionError } from '../kernel/errors.js';
import { shown } from '../kernel/thrown.js';
import { MAX_PATTERN_CHARACTERS } from '../limits.js';

/**
 * The names that a pattern may match, as a type. It lets a little more through than the pattern itself, because
 * `${string}` also matches dots: whoever narrows an event by it never leaves one out.
 */
export type NamesOf<Pattern extends string> = Pattern extends `${infer Head}*${infer Tail}`
  ? `${Head}${string}${NamesOf<Tail>}`
  : Pattern;

const FORM = /^(?:\*\*|(?:[a-z0-9_]|\*(?!\*))+)(?:\.(?:\*\*|(?:[a-z0-9_]|\*(?!\*))+))*$/;

/**
 * Compiles a pattern of event type names. A name has segments between its dots. `*` stands for any characters
 * within one segment, and a segment of its own `**` for one or more whole segments: `trading.*`, `*.created`,
 * `trading.order_*`, `backtest.**`.
 *
 * @throws InvalidOptionError when it is not of that form.
 */
export function compilePattern(pattern: string): (name: string) => boolean {
  if (typeof pattern !== 'string' || pattern.length > MAX_PATTERN_CHARACTERS || !FORM.test(pattern)) {
    throw new InvalidOptionError(
      `Pattern ${shown(pattern)} is not of the form of a type name with '*' in a segment or '**' as a segment, such as 'trading.*'; it may have ${MAX_PATTERN_CHARACTERS} characters.`,
    );
  }
  // One segment, then any number of them.
  const segments = pattern.split('.').flatMap((segment) => (segment === '**' ? ['*', '**'] : [segment]));
  return (name) => matches(segments, name.split('.'), '**', matchesSegment);
}

function matchesSegment(pattern: string, segment: string): boolean {
  return matches([...pattern], [...segment], '*', (one, other) => one === other);
}

/**
 * Whether the items are those of the pattern, in which `star` stands for any number of items. It goes back only
 * to the last star, so it takes at most pattern times items steps, whatever the pattern.
 */
function matches(
  pattern: readonly string[],
  items: readonly string[],
  star: string,
  equal: (wanted: string, item: string) => boolean,
): boolean {
  let at = 0;
  let starAt = -1;
  let resumeAt = 0;
  let index = 0;
  while (index < items.length) {
    const wanted = pattern[at];
    if (wanted === star) {
      starAt = at++;
      resumeAt = index;
    } else if (wanted !== undefined && equal(wanted, items[index] as string)) {
      at++;
      index++;
    } else if (starAt >= 0) {
      at = starAt + 1;
      index = ++resumeAt;
    } else return false;
  }
  while (pattern[at] === star) at++;
  return at === pattern.length;
}
