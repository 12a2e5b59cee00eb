import { NotRetainedError, StoreCorruptError } from '../kernel/errors.js';
import { READ_PAGE } from '../limits.js';
import { mayHaveMore } from './decode.js';
import type { ReadRange } from './read-range.js';
import type { EventReader, RawEvent, TypedQuery } from './store.js';
import { typedPage } from './typed-pages.js';

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
type Pages = Generator<readonly RawEvent[], void, undefined>;

/**
 * The events of a range page by page, in its direction. Each page is one finished statement. A page may be empty, and may
 * hold events of other types than those that are wanted.
 *
 * @param wants which types, if not all of them: a help for the source, which may leave out the others.
 */
export function* pagesOf(
  source: PageSource,
  range: ReadRange,
  wants: TypedQuery['wants'] | undefined,
): Pages {
  const { aggregateId, isBackwards } = range;
  const most = wants ? READ_PAGE : Math.min(READ_PAGE, range.limit);
  const aggregate = aggregateId === undefined ? undefined : source.reader().findName(aggregateId)?.id;
  if (aggregateId !== undefined && aggregate === undefined) return;
  if (aggregate === undefined && wants && !isBackwards) {
    yield* ofTypes(source, range, wants);
    return;
  }
  const tail = (after: number) => source.tailOf(aggregateId ?? '', after);
  const read: Read = (from, to) => {
    const limit = Math.min(most, to - from + 1);
    const reader = source.reader();
    return aggregate === undefined
      ? reader.page({ from, limit })
      : reader.page({ aggregate, from, limit, tail });
  };
  const place = aggregate === undefined ? positionOf : versionOf;
  const retained = readRetained(read, aggregate === undefined ? 'firstPosition' : 'firstVersion');
  if (!isBackwards) yield* forwards(read, place, range, most);
  else yield* backwards({ read, retained, place }, range.from, endOf(source, range), most);
}

function endOf({ endOf }: PageSource, { aggregateId, to }: ReadRange): number {
  return Math.min(to, endOf(aggregateId));
}

function* ofTypes({ reader }: PageSource, { from, to }: ReadRange, wants: TypedQuery['wants']): Pages {
  for (let at = from; at <= to; ) {
    const { events, next } = typedPage(reader(), { from: at, limit: READ_PAGE, wants });
    yield events;
    if (next === at) return;
    at = next;
  }
}

function* forwards(
  read: Read,
  place: (event: RawEvent) => number,
  { from, to }: ReadRange,
  most: number,
): Pages {
  for (let next = from; next <= to; ) {
    const page = read(next, to);
    const last = page.at(-1);
    if (!last) return;
    if (place(last) < next) throw leadsBack(last, next);
    yield page;
    if (page.length < most && !mayHaveMore(page)) return;
    next = place(last) + 1;
  }
}

/** Numbers have no gaps, so that a page that ends at a given one is found without an index of its own. */
function* backwards(
  { read, retained, place }: { read: Read; retained: Read; place: (event: RawEvent) => number },
  from: number,
  end: number,
  most: number,
): Pages {
  for (let to = end; to >= from; ) {
    const start = Math.max(from, to - most + 1);
    let page = retained(start, to);
    // A page that large events have cut off ends before its last one: that part comes first.
    for (let last = page.at(-1); last && place(last) < to; last = page.at(-1)) {
      const rest = read(place(last) + 1, to);
      // What is not durable yet is no part of it.
      if (rest.length === 0) break;
      page = rest;
    }
    const [first] = page;
    if (first) yield page.toReversed();
    to = (first ? place(first) : start) - 1;
  }
}

/** Reads what a log in memory still has of a page; once there is nothing, its error says what is left. */
function readRetained(read: Read, detail: 'firstPosition' | 'firstVersion'): Read {
  return (from, to) => {
    try {
      return read(from, to);
    } catch (error) {
      const first = error instanceof NotRetainedError ? Number(error.details[detail] ?? 0) : 0;
      if (first <= from || first > to) throw error;
      return read(first, to);
    }
  };
}

/** A damaged file would be read for ever. */
function leadsBack({ position }: RawEvent, next: number): StoreCorruptError {
  return new StoreCorruptError(`Position ${position} comes where number ${next} should, in the log.`, {
    details: { position },
  });
}

function positionOf({ position }: RawEvent): number {
  return position;
}

function versionOf({ version }: RawEvent): number {
  return version;
}
