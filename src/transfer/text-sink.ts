import { once } from 'node:events';
import { constants, createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { EVENT_COLUMNS, type EventRecord, eventCells, isoTime } from '../store/sql/event-columns.js';
import { tagged } from './exact-json.js';
import type { Sink, SinkOptions } from './sink.js';

/** Made, never opened where something is, and never through a link. */
const EXCLUSIVE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Lines of text, compressed or not. */
class TextSink implements Sink {
  readonly #file: Writable;
  readonly #input: Writable;
  readonly #lineOf: (record: EventRecord) => string;
  readonly #done: Promise<unknown>;

  constructor(path: string, isPacked: boolean, lineOf: (record: EventRecord) => string) {
    this.#lineOf = lineOf;
    // On the disk before it gets its name: `flush` is an fsync.
    this.#file = createWriteStream(path, { flags: EXCLUSIVE as never, flush: true });
    this.#done = finished(this.#file);
    // Told by the write that waits for it.
    this.#done.catch(() => {});
    this.#input = isPacked ? createGzip() : this.#file;
    if (this.#input === this.#file) return;
    this.#input.on('error', (error) => this.#file.destroy(error));
    (this.#input as Writable & NodeJS.ReadableStream).pipe(this.#file);
  }

  async write(records: readonly EventRecord[]): Promise<void> {
    await this.text(records.map(this.#lineOf).join(''));
  }

  async text(text: string): Promise<void> {
    if (this.#input.write(text)) return;
    const waiting = new AbortController();
    try {
      await Promise.race([once(this.#input, 'drain', { signal: waiting.signal }), this.#done]);
    } finally {
      waiting.abort();
    }
  }

  async finish(): Promise<void> {
    this.#input.end();
    await this.#done;
  }

  async abandon(): Promise<void> {
    this.#input.destroy();
    this.#file.destroy();
    // It was closed for a reason that its owner knows.
    await this.#done.catch(() => {});
  }
}

/** JSON lines: an event a line, losing nothing. */
export function jsonLinesSink({ path, types }: SinkOptions, isPacked: boolean): Sink {
  // Told by the first event of the type: what a fingerprint leaves out belongs to the type, and few have any.
  const untold = new Map(
    types.filter(({ volatile }) => volatile.length > 0).map((type) => [`${type.version} ${type.name}`, type]),
  );
  return new TextSink(path, isPacked, (record) => {
    const key = `${record.typeVersion} ${record.type}`;
    const volatile = untold.get(key)?.volatile;
    untold.delete(key);
    return `${JSON.stringify({ ...lineOf(record), ...(volatile && { volatile }) })}\n`;
  });
}

function lineOf(record: EventRecord): Record<string, unknown> {
  const { metadata } = record;
  return {
    position: record.position,
    type: record.type,
    type_version: record.typeVersion,
    aggregate_id: record.aggregateId,
    version: record.version,
    timestamp: isoTime(record.occurredAt),
    occurred_at: record.occurredAt,
    event_id: record.id,
    key: record.key,
    caused_by: record.causedBy === 0 ? null : record.causedBy,
    correlation_id: metadata.correlationId,
    causation_id: metadata.causationId ?? null,
    data: tagged(record.data),
    metadata: tagged(metadata),
  };
}

/** Comma-separated values as RFC 4180 has them, with a line of headings. */
export async function csvSink({ path }: SinkOptions, isPacked: boolean): Promise<Sink> {
  const sink = new TextSink(path, isPacked, (record) => `${eventCells(record).map(csvCell).join(',')}\n`);
  await sink.text(`${CSV_HEADINGS}\n`);
  return sink;
}

export const CSV_HEADINGS = EVENT_COLUMNS.join(',');

function csvCell(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
