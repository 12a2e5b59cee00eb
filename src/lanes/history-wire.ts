import type { MessagePort } from 'node:worker_threads';
import { Codec } from '../events/codec.js';
import { type DomainEvent, StoredEvent, type StoredMetadata } from '../events/domain-event.js';
import { decodeError, encodeError, type WireError } from '../kernel/error-codec.js';
import type { HistoryPage, HistoryQuery, LaneLog, LogTail } from './history.js';

/** An event on its way to a lane: what has no form of its own in a message travels as bytes. */
interface WireEvent extends Omit<DomainEvent, 'id' | 'data' | 'metadata'> {
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** What a lane's thread asks the main thread while its handlers wait. */
export type LaneQuestion =
  | { readonly kind: 'reach'; readonly id: number; readonly reference: number; readonly position: number }
  | { readonly kind: 'page'; readonly id: number; readonly query: HistoryQuery }
  | { readonly kind: 'tail'; readonly id: number; readonly aggregateId: string };

/** What it is answered. */
export type LaneReading =
  | { readonly kind: 'reached'; readonly id: number; readonly until: number }
  | {
      readonly kind: 'read';
      readonly id: number;
      readonly events: readonly WireEvent[];
      readonly next: number | undefined;
    }
  | { readonly kind: 'tail'; readonly id: number; readonly tail: LogTail | undefined }
  | { readonly kind: 'unread'; readonly id: number; readonly error: WireError };

/** The main thread's end: answers a lane's questions. */
export class LaneReader {
  readonly #codec = new Codec();
  readonly #log: LaneLog;

  constructor(log: LaneLog) {
    this.#log = log;
  }

  /** Never rejects. */
  async answer(question: LaneQuestion): Promise<LaneReading> {
    const { id } = question;
    try {
      if (question.kind === 'tail') {
        return { kind: 'tail', id, tail: await this.#log.tail(question.aggregateId) };
      }
      if (question.kind === 'reach') {
        const until = await this.#log.reach(question.reference, question.position);
        return { kind: 'reached', id, until };
      }
      const { events, next } = await this.#log.page(question.query);
      return { kind: 'read', id, events: events.map((event) => this.#pack(event)), next };
    } catch (error) {
      return { kind: 'unread', id, error: encodeError(error) };
    }
  }

  #pack({ type, aggregateId, key, version, position, occurredAt, data, metadata }: DomainEvent): WireEvent {
    const { correlationId: r, causationId: c, eventId: i, ...u } = metadata;
    const stored: StoredMetadata = { r, ...(c !== undefined && { c }), ...(i !== undefined && { i }), u };
    return {
      ...{ type, aggregateId, key, version, position, occurredAt },
      data: this.#codec.pack(data, type),
      metadata: this.#codec.pack(stored, type),
    };
  }
}

/** The lane's end: asks, and waits for the answers. */
export class AskedLog implements LaneLog {
  readonly #port: MessagePort;
  readonly #run: string;
  readonly #codec = new Codec();
  readonly #waiting = new Map<number, (reading: LaneReading) => void>();
  #asked = 0;

  /** @param port the lane's end of the way on which it answers; whoever listens to it tells what was read. */
  constructor(port: MessagePort, run: string) {
    this.#port = port;
    this.#run = run;
  }

  /** An answer has come. */
  heard(reading: LaneReading): void {
    this.#waiting.get(reading.id)?.(reading);
    this.#waiting.delete(reading.id);
  }

  async reach(reference: number, position: number): Promise<number> {
    const reading = await this.#ask((id) => ({ kind: 'reach', id, reference, position }));
    if (reading.kind === 'reached') return reading.until;
    throw unread(reading);
  }

  async page(query: HistoryQuery): Promise<HistoryPage> {
    const reading = await this.#ask((id) => ({ kind: 'page', id, query }));
    if (reading.kind !== 'read') throw unread(reading);
    return { events: reading.events.map((event) => this.#event(event)), next: reading.next };
  }

  async tail(aggregateId: string): Promise<LogTail | undefined> {
    const reading = await this.#ask((id) => ({ kind: 'tail', id, aggregateId }));
    if (reading.kind === 'tail') return reading.tail;
    throw unread(reading);
  }

  #ask(question: (id: number) => LaneQuestion): Promise<LaneReading> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#port.postMessage(question(id));
    });
  }

  #event({ type, aggregateId, key, version, position, occurredAt, data, metadata }: WireEvent): DomainEvent {
    const payload = this.#codec.unpack(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    const stored = this.#codec.unpack(
      Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength),
    ) as StoredMetadata;
    return new StoredEvent(
      ...([this.#run, type, aggregateId, key, version, position, occurredAt, payload, stored] as const),
    );
  }
}

function unread(reading: LaneReading): Error {
  if (reading.kind === 'unread') return decodeError(reading.error);
  return new Error(`The main thread answered '${reading.kind}', which nobody asked for.`);
}
