import { createHash } from 'node:crypto';
import { InputError, InvalidOptionError } from '../../faces/errors.js';
import { MAX_CANDLES } from '../../limits.js';

/** One candle. `time` is the start of its interval in Unix epoch milliseconds. */
export interface CandleRow {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** 0 when unknown. */
  readonly volume: number;
  /** Funding rate that is due at the start of the candle, a fraction; left out or NaN: none is. */
  readonly funding?: number | undefined;
}

/** Columns that all candles have, in the order of the layout. */
export const CANDLE_COLUMNS = ['time', 'open', 'high', 'low', 'close', 'volume'] as const;

const COLUMNS = CANDLE_COLUMNS.length;
const HEADER = 2;
const BYTES = Float64Array.BYTES_PER_ELEMENT;
/** Stands in the first element, so that a foreign buffer is noticed. Raise it when the layout changes. */
const LAYOUT = 0x43_41_4e_01;
/** The same with a seventh column. */
const FUNDED_LAYOUT = 0x43_41_4e_02;

/**
 * Candles as six columns in one SharedArrayBuffer, so that any number of threads reads the same memory.
 *
 * Layout, all Float64 in the machine's byte order: layout mark, length, then time, open, high, low, close,
 * volume, and where the data has one funding. The columns are for reading: nothing stops a writer, and a writer would break every thread's result.
 */
export class Candles {
  readonly buffer: SharedArrayBuffer;
  readonly length: number;
  readonly time: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  /** Funding rate that is due at the start of each candle, a fraction; 0 for none. Undefined: the data says nothing of it. */
  readonly funding: Float64Array | undefined;

  private constructor(buffer: SharedArrayBuffer, length: number, funded: boolean) {
    const column = (index: number) => new Float64Array(buffer, (HEADER + index * length) * BYTES, length);
    this.buffer = buffer;
    this.length = length;
    this.time = column(0);
    this.open = column(1);
    this.high = column(2);
    this.low = column(3);
    this.close = column(4);
    this.volume = column(5);
    this.funding = funded ? column(6) : undefined;
  }

  /** Candles in a buffer that another `Candles` made, without copying. @throws InputError for any other buffer. */
  static fromShared(buffer: unknown): Candles {
    if (!(buffer instanceof SharedArrayBuffer) || buffer.byteLength < HEADER * BYTES) throw notCandles();
    const [layout, length = 0] = new Float64Array(buffer, 0, HEADER);
    const funded = layout === FUNDED_LAYOUT;
    if ((!funded && layout !== LAYOUT) || buffer.byteLength !== byteLength(length, funded))
      throw notCandles();
    return new Candles(buffer, length, funded);
  }

  /** Room for `length` candles; the caller fills it. @param funded whether with a column of funding rates. @internal */
  static allocate(length: number, funded = false): Candles {
    if (length > MAX_CANDLES) {
      throw new InputError(`${length} candles; the limit is ${MAX_CANDLES}. Use a coarser timeframe.`);
    }
    const buffer = new SharedArrayBuffer(byteLength(length, funded));
    new Float64Array(buffer, 0, HEADER).set([funded ? FUNDED_LAYOUT : LAYOUT, length]);
    return new Candles(buffer, length, funded);
  }

  /** The first `length` candles, copied into a buffer of their own. @throws InvalidOptionError outside 1 to this length. */
  prefix(length: number): Candles {
    if (!Number.isInteger(length) || length < 1 || length > this.length) {
      throw new InvalidOptionError(`A prefix of ${String(length)} candles out of ${this.length}.`);
    }
    return this.part(0, length);
  }

  /** The candles from an index up to, and without, another, copied into a buffer of their own. @internal */
  part(from: number, to: number): Candles {
    const part = Candles.allocate(to - from, this.funding !== undefined);
    for (const name of CANDLE_COLUMNS) part[name].set(this[name].subarray(from, to));
    if (this.funding) part.funding?.set(this.funding.subarray(from, to));
    return part;
  }

  /** SHA-256 of length and columns, in hex: equal for equal candles, whatever file they came from. */
  hash(): string {
    return createHash('sha256').update(new Uint8Array(this.buffer)).digest('hex');
  }

  /** Time of the first candle. */
  get start(): number {
    return this.time[0] as number;
  }

  /** Time of the last candle. */
  get end(): number {
    return this.time[this.length - 1] as number;
  }
}

function byteLength(length: number, funded: boolean): number {
  return (HEADER + (COLUMNS + (funded ? 1 : 0)) * length) * BYTES;
}

function notCandles(): InputError {
  return new InputError(
    "This is not a buffer of candles. Pass the 'buffer' of a Candles, as { shared: { candles: candles.buffer } }.",
  );
}
