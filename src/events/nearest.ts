/** How much of a name may be mistyped: one letter in three, and always one. */
const LETTERS_PER_ERROR = 3;

/** So many names are listed when none is near. */
const LISTED = 12;

/**
 * The end of a sentence about a name that is not known: the nearest known one, or the known ones.
 *
 * @param lead what comes before the list: `It takes`.
 */
export function didYouMean(name: string, names: readonly string[], lead: string): string {
  const near = nearest(name, names);
  if (near !== undefined) return `Did you mean '${near}'?`;
  if (names.length === 0) return `${lead} none.`;
  const more = names.length > LISTED ? ', …' : '';
  return `${lead}: ${names.slice(0, LISTED).join(', ')}${more}.`;
}

/** The end of a sentence about a value that is none of a fixed set: all of them, and the one that was probably meant. */
export function mustBeOneOf(value: string, allowed: readonly string[]): string {
  const near = nearest(value, allowed);
  return `it must be one of ${allowed.join(', ')}.${near === undefined ? '' : ` Did you mean '${near}'?`}`;
}

/** The name that was most likely meant; undefined when none is near. Case and word separators count for nothing. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const wanted = bare(name);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / LETTERS_PER_ERROR)) + 1;
  for (const candidate of names) {
    const letters = bare(candidate);
    if (Math.abs(letters.length - wanted.length) >= least) continue;
    const distance = editDistance(wanted, letters);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[-_.\s]/g, '');
}

/** Letters to insert, remove, replace or swap with their neighbour to make one text of the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const line = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        at(last, column) + 1,
        at(line, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      );
      const swapped = row > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      line.push(cost);
    }
    beforeLast = last;
    last = line;
  }
  return at(last, to.length);
}

function at(line: readonly number[], column: number): number {
  return line[column] ?? Number.POSITIVE_INFINITY;
}
