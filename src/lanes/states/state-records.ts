import { LaneCrashedError } from '../../kernel/errors.js';
import { NO_BYTES, toMove, withRoom } from '../../kernel/moved-bytes.js';

/** A state that an event has changed, as it lies in an answer. */
export interface StateRecord {
  /** Row reference of the event. */
  readonly cause: number;
  /** Which of the lane's states, by its index. */
  readonly state: number;
  /** Its bytes, as a text of one character for each. */
  readonly bytes: string;
}

/** Cause, state, and the length of the bytes, which follow. */
const HEADER = 12;

/** The states that events have changed since the lane's last answer, in the order in which the events ended. */
export class StateRecords {
  #buffer = NO_BYTES;
  #end = 0;

  /** Bytes so far. */
  get end(): number {
    return this.#end;
  }

  add(cause: number, state: number, bytes: string): void {
    const start = this.#end;
    this.#buffer = withRoom(this.#buffer, start, start + HEADER + bytes.length);
    const buffer = this.#buffer;
    buffer.writeUInt32LE(cause, start);
    buffer.writeUInt32LE(state, start + 4);
    buffer.writeUInt32LE(bytes.length, start + 8);
    buffer.write(bytes, start + HEADER, 'latin1');
    this.#end = start + HEADER + bytes.length;
  }

  /** Hands out the bytes so far, ready to be moved to another thread, and begins anew. */
  take(): Uint8Array | undefined {
    if (this.#end === 0) return undefined;
    const bytes = toMove(this.#buffer, this.#end);
    this.#buffer = NO_BYTES;
    this.#end = 0;
    return bytes;
  }
}

/** Reads the records of an answer, event by event. */
export class StatesByCause {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(records: Uint8Array) {
    this.#bytes = Buffer.from(records.buffer, records.byteOffset, records.byteLength);
  }

  /** As `of`, and what it tells is told again. */
  peek(reference: number, take: (state: number, bytes: string) => void): void {
    const at = this.#at;
    this.of(reference, take);
    this.#at = at;
  }

  /** Calls back with what the event at a row reference has changed; to be asked for in the order of the answer. */
  of(reference: number, take: (state: number, bytes: string) => void): void {
    const bytes = this.#bytes;
    while (this.#at < bytes.length && bytes.readUInt32LE(this.#at) === reference) {
      const start = this.#at + HEADER;
      const end = start + bytes.readUInt32LE(this.#at + 8);
      if (end > bytes.length) throw new LaneCrashedError('A lane sent bytes that are no states.');
      take(bytes.readUInt32LE(this.#at + 4), bytes.toString('latin1', start, end));
      this.#at = end;
    }
  }
}
