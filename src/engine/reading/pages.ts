import { NotRetainedError } from '../../kernel/errors.js';
import { turn } from '../../kernel/turn.js';
import { READ_PAGE } from '../../limits.js';
import { mayHaveMore } from '../../store/decode.js';
import type { EventReader, RawEvent } from '../../store/store.js';
import type { ReadRange } from './range.js';

/** Where pages come from. */
export interface PageSource {
  /** Asked anew for each page: `recover` opens another one. Throws when nothing may be read any more. */
  readonly reader: () => EventReader;
  /** The aggregate's positions after a position, if they are known in memory. */
  readonly tailOf: (aggregateId: string, after: number) => readonly number[] | undefined;
  /** The last position of the log, or version of an aggregate; or a later one, which nothing has yet. */
  readonly endOf: (aggregateId: string | undefined) => number;
}

/** Events by version or position, both included. */
type Read = (from: number, to: number) => readonly RawEvent[];

/**
 * The events of a range page by page, in its direction. Each page is one finished statement, and the event loop goes
 * round between them.
 *
 * @param most events of a page; a page of large ones has fewer.
 */
export async function* pagesOf(
  source: PageSource,
  range: ReadRange,
  most = READ_PAGE,
): AsyncGenerator<readonly RawEvent[], void, undefined> {
  const { aggregateId, isBackwards } = range;
  const aggregate = aggregateId === undefined ? undefined : source.reader().findName(aggregateId)?.id;
  if (aggregateId !== undefined && aggregate === undefined) return;
  const tail = (after: number) => source.tailOf(aggregateId ?? '', after);
  const read: Read = (from, to) => {
    const limit = Math.min(most, to - from + 1);
    const reader = source.reader();
    return aggregate === undefined
      ? reader.page({ from, limit })
      : reader.page({ aggregate, from, limit, tail });
  };
  const place = aggregate === undefined ? positionOf : versionOf;
  // An aggregate's error names a position, which is no version.
  const retained = aggregate === undefined ? readRetained(read) : read;
  const end = isBackwards ? Math.min(range.to, source.endOf(aggregateId)) : 0;
  if (isBackwards) yield* backwards({ read, retained, place }, range.from, end, most);
  else yield* forwards(read, place, range, most);
}

async function* forwards(
  read: Read,
  place: (event: RawEvent) => number,
  { from, to }: ReadRange,
  most: number,
): AsyncGenerator<readonly RawEvent[], void, undefined> {
  for (let next = from; next <= to; ) {
    const page = read(next, to);
    const last = page.at(-1);
    if (!last) return;
    yield page;
    if (page.length < most && !mayHaveMore(page)) return;
    next = place(last) + 1;
    await turn();
  }
}

/** Numbers have no gaps, so that a page that ends at a given one is found without an index of its own. */
async function* backwards(
  { read, retained, place }: { read: Read; retained: Read; place: (event: RawEvent) => number },
  from: number,
  end: number,
  most: number,
): AsyncGenerator<readonly RawEvent[], void, undefined> {
  for (let to = end; to >= from; ) {
    let start = Math.max(from, to - most + 1);
    let page = retained(start, to);
    // A page that large events have cut off ends before its last one: that part comes first.
    for (let last = page.at(-1); last && place(last) < to; last = page.at(-1)) {
      const rest = read(place(last) + 1, to);
      // What is not durable yet is no part of it.
      if (rest.length === 0) break;
      page = rest;
    }
    start = place(page[0] ?? ({ position: start, version: start } as RawEvent));
    if (page.length > 0) yield page.toReversed();
    to = start - 1;
    await turn();
  }
}

/** Reads what a log in memory still has of a page; once there is nothing, its error says what is left. */
function readRetained(read: Read): Read {
  return (from, to) => {
    try {
      return read(from, to);
    } catch (error) {
      const first = error instanceof NotRetainedError ? Number(error.details.firstPosition) : 0;
      if (first <= from || first > to) throw error;
      return read(first, to);
    }
  };
}

function positionOf({ position }: RawEvent): number {
  return position;
}

function versionOf({ version }: RawEvent): number {
  return version;
}
