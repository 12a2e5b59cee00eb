import type { EventReader, TypedPage, TypedQuery } from './store.js';

/**
 * Tells by the number of a type whether it is wanted, for `typedPage`.
 *
 * @param reader asked anew each time: `recover` opens another one.
 * @param isWanted asked once for each type of the log, with the name under which it was stored.
 */
export function typeFilter(
  reader: () => EventReader,
  isWanted: (name: string) => boolean,
): TypedQuery['wants'] {
  const known = new Map<number, boolean>();
  return (type) => {
    const before = known.get(type);
    if (before !== undefined) return before;
    const stored = typeOf(reader(), type);
    // Damage: the one who decodes it says where.
    if (!stored) return true;
    const wanted = isWanted(stored.name);
    known.set(type, wanted);
    return wanted;
  };
}

/** A type by its number. One that came after the reader was opened is looked up in the file once more. */
export function typeOf(reader: EventReader, type: number) {
  return reader.types.get(type) ?? reader.freshTypes?.().get(type);
}

/** A page of events of some types. When `next` is where it began, the log ends there. @throws StoreCorruptError */
export function typedPage(reader: EventReader, query: TypedQuery): TypedPage {
  if (reader.typedPage) return reader.typedPage(query);
  const page = reader.page({ from: query.from, limit: query.limit });
  const last = page.at(-1);
  return {
    events: page.filter(({ type }) => query.wants(type)),
    next: last ? last.position + 1 : query.from,
  };
}
