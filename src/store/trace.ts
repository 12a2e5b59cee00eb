import type { DomainEvent } from '../events/domain-event.js';
import { InvalidOptionError } from '../events/errors.js';
import { MAX_TRACED_EVENTS } from '../limits.js';
import type { StoreReader } from './inspect.js';

/** Which story to follow: by one of its events, or by the correlation id that all of it bears. */
export type TraceQuery =
  | { readonly correlationId: string }
  | { readonly id: string }
  | { readonly position: number };

/** An event of a story, and what it led to. */
export interface TraceNode {
  readonly event: DomainEvent;
  readonly children: readonly TraceNode[];
}

/** The events of one story. */
export interface Trace {
  /** Events whose cause is not part of the story, in position order. */
  readonly roots: readonly TraceNode[];
  readonly events: number;
  /** Whether the story has more events than the limit. */
  readonly truncated: boolean;
}

interface Growing {
  readonly event: DomainEvent;
  readonly children: Growing[];
}

/**
 * Follows one story through a store: an event, what handlers emitted for it, what those led to, and everything
 * else with the same correlation id. It reads the log once, from the first event of the story on, in pages.
 *
 * @throws InvalidOptionError when the query names nothing; no event found is an empty trace.
 */
export function traceStory(reader: StoreReader, query: TraceQuery): Trace {
  const start = startOf(reader, query);
  const byId = new Map<string, Growing>();
  const roots: Growing[] = [];
  let truncated = false;
  for (const event of reader.read({ fromPosition: start.fromPosition })) {
    const { id, metadata } = event;
    const cause = metadata.causationId === undefined ? undefined : byId.get(metadata.causationId);
    const belongs =
      cause !== undefined ||
      id === start.id ||
      (start.correlationId !== undefined && metadata.correlationId === start.correlationId);
    if (!belongs) continue;
    if (byId.size === MAX_TRACED_EVENTS) {
      truncated = true;
      break;
    }
    const node: Growing = { event, children: [] };
    byId.set(id, node);
    (cause?.children ?? roots).push(node);
  }
  return { roots, events: byId.size, truncated };
}

interface Start {
  readonly fromPosition: number;
  readonly id?: string;
  readonly correlationId?: string;
}

function startOf(reader: StoreReader, query: TraceQuery): Start {
  if ('correlationId' in query && query.correlationId !== '') {
    // A story's id is mostly the id of its first event, and then nothing before that can belong to it.
    const first = eventWithId(reader, query.correlationId);
    return { fromPosition: first?.position ?? 1, correlationId: query.correlationId };
  }
  const event =
    'position' in query
      ? eventAt(reader, query.position)
      : 'id' in query
        ? eventWithId(reader, query.id)
        : undefined;
  if (event) return { fromPosition: event.position, id: event.id };
  if ('correlationId' in query) throw new InvalidOptionError('trace: the correlation id is empty.');
  throw new InvalidOptionError(
    `trace: there is no event ${'position' in query ? `at position ${query.position}` : `'${query.id}'`} in ${reader.path}.`,
  );
}

function eventAt(reader: StoreReader, position: number): DomainEvent | undefined {
  if (!Number.isInteger(position) || position < 1) {
    throw new InvalidOptionError(`trace: position is ${position}; it must be a whole number from 1.`);
  }
  const [event] = reader.read({ fromPosition: position });
  return event?.position === position ? event : undefined;
}

/** Ids are `run/aggregate/version`, and an aggregate id may hold slashes itself. */
function eventWithId(reader: StoreReader, id: string): DomainEvent | undefined {
  const end = id.lastIndexOf('/');
  const start = id.indexOf('/');
  const version = Number(id.slice(end + 1));
  if (start < 0 || end <= start || !Number.isInteger(version) || version < 1) return undefined;
  const [event] = reader.read({ aggregateId: id.slice(start + 1, end), fromVersion: version });
  return event?.id === id ? event : undefined;
}
