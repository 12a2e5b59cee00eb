import { eventId } from '../events/domain-event.js';
import { isWhole } from '../kernel/check.js';
import { shown } from '../kernel/thrown.js';
import { MAX_TYPE_VERSION } from '../limits.js';
import { EVENT_COLUMNS, isoTime } from '../store/sql/event-columns.js';
import { BadValue, untagged } from './exact-json.js';

/** An event of an import, checked as far as it can be by itself. */
export interface ImportedEvent {
  readonly position: number;
  readonly type: string;
  readonly typeVersion: number;
  readonly aggregateId: string;
  readonly version: number;
  readonly occurredAt: number;
  readonly key: string;
  /** Position of its cause, as the export numbers them; 0 for none. */
  readonly causedBy: number;
  /** What the ids of the log's events begin with. */
  readonly run: string;
  readonly data: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Of the first event of a type: its fields that are left out of fingerprints. */
  readonly volatile: readonly string[] | undefined;
}

/** What is wrong with an event of an import, as the end of a sentence. */
export class BadRecord extends Error {}

/** What an export has of an event, and what its first event of a type says of that. */
const FIELDS: ReadonlySet<string> = new Set([...EVENT_COLUMNS, 'volatile']);

type Fields = Readonly<Record<string, unknown>>;

/**
 * Takes an event apart as an export has written it. What one field says and another one too must agree: a file that
 * somebody has edited in one place only is no export any more.
 *
 * @throws BadRecord
 */
export function importedEvent(given: unknown): ImportedEvent {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new BadRecord('is no JSON object');
  }
  const fields = given as Fields;
  const unknown = Object.keys(fields).find((name) => !FIELDS.has(name));
  if (unknown !== undefined) throw new BadRecord(`has the unknown field '${unknown.slice(0, 60)}'`);
  const aggregateId = text(fields, 'aggregate_id');
  const version = whole(fields, 'version', 1);
  const occurredAt = timeOf(fields);
  const id = text(fields, 'event_id');
  const end = eventId('', aggregateId, version);
  const run = id.slice(0, -end.length);
  if (run === '' || !id.endsWith(end)) {
    throw new BadRecord(`has the event_id '${id.slice(0, 100)}', which is not RUN/aggregate_id/version`);
  }
  const metadata = metadataOf(fields);
  const event = {
    position: whole(fields, 'position', 1),
    type: text(fields, 'type'),
    typeVersion: whole(fields, 'type_version', 1, MAX_TYPE_VERSION),
    aggregateId,
    version,
    occurredAt,
    key: text(fields, 'key'),
    causedBy: fields.caused_by === null ? 0 : whole(fields, 'caused_by', 1),
    run,
    data: valueOfField(fields, 'data'),
    metadata,
    volatile: volatileOf(fields),
  };
  if (event.causedBy >= event.position) throw new BadRecord('has a cause that came after it');
  agree(fields, 'timestamp', isoTime(occurredAt));
  agree(fields, 'correlation_id', metadata.correlationId);
  agree(fields, 'causation_id', metadata.causationId ?? null);
  return event;
}

function agree(fields: Fields, name: string, expected: unknown): void {
  if (fields[name] === expected) return;
  throw new BadRecord(
    `has the ${name} ${brief(fields[name])}, where its other fields say ${brief(expected)}`,
  );
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new BadRecord(`has the ${name} ${brief(value)}, which must be a text`);
}

function whole(fields: Fields, name: string, least: number, most?: number): number {
  const value = fields[name];
  if (isWhole(value, least, most)) return value;
  const range = most === undefined ? `from ${least}` : `from ${least} to ${most}`;
  throw new BadRecord(`has the ${name} ${brief(value)}, which must be a whole number ${range}`);
}

function timeOf(fields: Fields): number {
  const value = fields.occurred_at;
  // SQLite stores -0 as 0.
  if (typeof value === 'number' && isoTime(value) !== null) return value + 0;
  throw new BadRecord(`has the occurred_at ${brief(value)}, which is no time`);
}

function metadataOf(fields: Fields): Fields {
  const value = valueOfField(fields, 'metadata');
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const { correlationId, causationId = '', eventId = '' } = (isObject ? value : {}) as Fields;
  if ([correlationId, causationId, eventId].every((id) => typeof id === 'string')) return value as Fields;
  throw new BadRecord('has metadata that is no object with a correlationId, or whose ids are no texts');
}

function valueOfField(fields: Fields, name: string): unknown {
  if (!Object.hasOwn(fields, name)) throw new BadRecord(`has no ${name}`);
  try {
    return untagged(fields[name]);
  } catch (error) {
    if (error instanceof BadValue) throw new BadRecord(`has ${name} in which ${error.message}`);
    throw error;
  }
}

function volatileOf({ volatile }: Fields): readonly string[] | undefined {
  if (volatile === undefined) return undefined;
  if (Array.isArray(volatile) && volatile.every((name) => typeof name === 'string')) return volatile;
  throw new BadRecord('has volatile, which must be a list of texts');
}

/** Of a damaged file: deeper or longer than any message may be, perhaps. */
function brief(value: unknown): string {
  return shown(value).slice(0, 100);
}
