import type { DomainEvent } from '../events/domain-event.js';
import { knownOptions, optionNames } from '../events/known-options.js';
import { checkWhole } from '../kernel/check.js';
import { InvalidOptionError } from '../kernel/errors.js';
import { MAX_TRACED_EVENTS } from '../limits.js';

/** Which story to follow: by one of its events, or by the correlation id that all of it bears. */
export type TraceQuery =
  | { readonly correlationId: string }
  | { readonly id: string }
  | { readonly position: number };

/** The ways of `TraceQuery` in one. */
interface AnyQuery {
  readonly correlationId?: string;
  readonly id?: string;
  readonly position?: number;
}

const TRACE = optionNames<AnyQuery>('trace', { correlationId: true, id: true, position: true });

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

/** Where to begin to read, and what is surely part of the story. */
export interface StoryStart {
  readonly fromPosition: number;
  readonly id?: string;
  readonly correlationId?: string;
}

/** Where an event lies, in the words of both readers. */
export type EventPlace =
  | { readonly fromPosition: number }
  | { readonly aggregateId: string; readonly fromVersion: number };

interface Growing {
  readonly event: DomainEvent;
  readonly children: Growing[];
}

/** A story that grows while the log is read in position order. */
export class Story {
  readonly #start: StoryStart;
  readonly #byId = new Map<string, Growing>();
  readonly #roots: Growing[] = [];
  #truncated = false;

  constructor(start: StoryStart) {
    this.#start = start;
  }

  /** Adds the event if it belongs to the story; false when the story is as long as it may be. */
  add(event: DomainEvent): boolean {
    const { id, metadata } = event;
    const cause = metadata.causationId === undefined ? undefined : this.#byId.get(metadata.causationId);
    const { correlationId } = this.#start;
    const belongs =
      cause !== undefined ||
      id === this.#start.id ||
      (correlationId !== undefined && metadata.correlationId === correlationId);
    if (!belongs) return true;
    if (this.#byId.size === MAX_TRACED_EVENTS) {
      this.#truncated = true;
      return false;
    }
    const node: Growing = { event, children: [] };
    this.#byId.set(id, node);
    (cause?.children ?? this.#roots).push(node);
    return true;
  }

  get trace(): Trace {
    return { roots: this.#roots, events: this.#byId.size, truncated: this.#truncated };
  }
}

/**
 * Where the event that a query names must lie; undefined when it names none. A correlation id is mostly the id of
 * the story's first event, and then nothing before that can belong to it.
 *
 * @param run what the ids of the log begin with.
 * @throws InvalidOptionError
 */
export function placeOf(query: TraceQuery, run: string): EventPlace | undefined {
  checkQuery(query);
  if ('position' in query) {
    const { position } = query;
    return { fromPosition: checkWhole('trace', 'position', position, 1) };
  }
  if ('correlationId' in query && query.correlationId === '') {
    throw new InvalidOptionError('trace: the correlation id is empty.');
  }
  const named = 'id' in query ? query.id : query.correlationId;
  if (typeof named !== 'string') {
    throw new InvalidOptionError(`trace: an id is a text, and this one is of type ${typeof named}.`);
  }
  // Ids are `run/aggregate/version`, and both run and aggregate id may hold slashes themselves.
  const id = named;
  const end = id.lastIndexOf('/');
  const version = Number(id.slice(end + 1));
  if (!id.startsWith(`${run}/`) || end <= run.length || !Number.isInteger(version) || version < 1)
    return undefined;
  return { aggregateId: id.slice(run.length + 1, end), fromVersion: version };
}

/** One way of naming the story: of two that disagree, one would be ignored. */
function checkQuery(query: TraceQuery): void {
  knownOptions<AnyQuery>(query, TRACE);
  if (['correlationId', 'id', 'position'].filter((name) => name in query).length === 1) return;
  throw new InvalidOptionError('trace needs one of correlationId, id and position.');
}

/**
 * Where a story begins.
 *
 * @param found the first event at or after the place, if there is one.
 * @throws InvalidOptionError when the query names an event that is not there.
 */
export function startOf(query: TraceQuery, found: DomainEvent | undefined, location: string): StoryStart {
  if ('correlationId' in query) {
    const { correlationId } = query;
    return { fromPosition: found?.id === correlationId ? found.position : 1, correlationId };
  }
  const isIt = 'position' in query ? found?.position === query.position : found?.id === query.id;
  if (!found || !isIt) throw noSuchEvent(query, location);
  return { fromPosition: found.position, id: found.id };
}

export function noSuchEvent(query: TraceQuery, location: string): InvalidOptionError {
  const which = 'position' in query ? `at position ${query.position}` : `'${'id' in query ? query.id : ''}'`;
  return new InvalidOptionError(`trace: there is no event ${which} in ${location}.`);
}
