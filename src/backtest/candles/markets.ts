import { createHash } from 'node:crypto';
import { InputError, InvalidOptionError } from '../../faces/errors.js';
import { MAX_CANDLES } from '../../limits.js';
import { checkCandles, checkMarketName, checkObject } from '../given.js';
import { formatTime } from './candle-rows.js';
import type { Candles } from './candles.js';
import { MAX_MARKETS } from './limits.js';
import { parseTimeframe, timeframeOf } from './timeframe.js';

/** The candles of several markets, by their names. Those of equal times are taken in the order of the keys. */
export type CandlesByMarket = Readonly<Record<string, Candles>>;

/**
 * Several markets on one clock: the times at which a candle of some market begins, each one once, rising. It has the length,
 * the times and the parts that `Candles` have, so that what needs no more does not tell them apart.
 */
export class Markets {
  readonly names: readonly string[];
  /** Of each market, in the order of the names; one may have none yet. */
  readonly candles: readonly Candles[];
  /** In memory that threads can share. */
  readonly time: Float64Array<SharedArrayBuffer>;

  private constructor(
    names: readonly string[],
    candles: readonly Candles[],
    time: Float64Array<SharedArrayBuffer>,
  ) {
    // Strategies see the list itself: what a run sorted in it would be the next one's.
    this.names = Object.freeze([...names]);
    this.candles = candles;
    this.time = time;
  }

  /**
   * @throws InvalidOptionError for what are no candles by market, or candles of different lengths, which do not end together.
   * InputError for more than `MAX_CANDLES` times.
   */
  static of(of: string, given: CandlesByMarket): Markets {
    checkObject(of, 'candles', given, 'Candles, or an object of Candles by market');
    const markets = Object.entries(given);
    if (markets.length === 0 || markets.length > MAX_MARKETS) {
      throw new InvalidOptionError(
        `${of}: 'candles' has ${markets.length} markets; it must have 1 to ${MAX_MARKETS}.`,
      );
    }
    for (const [name, candles] of markets) {
      checkMarketName(of, 'the name of a market', name);
      checkCandles(`${of}, market '${name}'`, candles);
    }
    const made = Markets.#made(
      markets.map(([name]) => name),
      markets.map(([, candles]) => candles),
    );
    checkOneLength(of, made);
    return made;
  }

  /** What another thread has made. */
  static fromShared(
    names: readonly string[],
    candles: readonly Candles[],
    clock: SharedArrayBuffer,
  ): Markets {
    return new Markets(names, candles, new Float64Array(clock));
  }

  static #made(names: readonly string[], candles: readonly Candles[]): Markets {
    const all = new Float64Array(candles.reduce((sum, { length }) => sum + length, 0));
    let end = 0;
    for (const { time, length } of candles) {
      all.set(time, end);
      end += length;
    }
    all.sort();
    let length = 0;
    for (const now of all) if (length === 0 || now !== all[length - 1]) all[length++] = now;
    if (length > MAX_CANDLES) {
      throw new InputError(
        `The markets have ${length} times; the limit is ${MAX_CANDLES}. Use a coarser timeframe.`,
      );
    }
    const time = new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
    time.set(all.subarray(0, length));
    return new Markets(names, candles, time);
  }

  get length(): number {
    return this.time.length;
  }

  get start(): number {
    return this.time[0] as number;
  }

  get end(): number {
    return this.time[this.length - 1] as number;
  }

  /** SHA-256 of names and candles, in hex. The order of the markets is a part of it. */
  hash(): string {
    const parts = this.candles.map((candles, at) => [this.names[at], candles.hash()]);
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  }

  /** The first `length` times, with the candles of all markets up to there. */
  prefix(length: number): Markets {
    return this.part(0, length);
  }

  /** The times from an index up to, and without, another, with the candles of all markets in them. */
  part(from: number, to: number): Markets {
    const start = this.time[from] as number;
    const end = this.time[to] ?? Number.POSITIVE_INFINITY;
    const parts = this.candles.map((candles) =>
      candles.part(firstFrom(candles, start), firstFrom(candles, end)),
    );
    return Markets.#made(this.names, parts);
  }
}

/** A plain object, whose keys are names of markets. What else it may be says who asks. */
export function isByMarket(given: unknown): given is Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null) return false;
  const prototype: unknown = Object.getPrototypeOf(given);
  return prototype === Object.prototype || prototype === null;
}

/** The first candle that does not begin before a time; the length where there is none. */
function firstFrom({ time, length }: Candles, start: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((time[middle] as number) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A candle is known when it ends, and walked when it begins: both are one order only where all that overlap begin and end
 * together.
 *
 * @throws InvalidOptionError for other ones.
 */
function checkOneLength(of: string, { names, candles, time }: Markets): void {
  const frames = candles.map(timeframeOf);
  const lengths = frames.map((frame) =>
    frame === 'unknown' ? Number.POSITIVE_INFINITY : parseTimeframe(frame).leastMs,
  );
  const first = lengths.indexOf(Math.min(...lengths));
  const frame = frames[first] as string;
  if (frame === 'unknown') return;
  const { leastMs } = parseTimeframe(frame);
  // A market that is silent most of the time has longer distances, but not all of them are.
  const other = candles.findIndex(
    (one, at) => one.length > 1 && frames[at] !== frame && !isAsCloseAs(one, leastMs),
  );
  if (other >= 0) {
    const [one, two] = [names[first] as string, names[other] as string];
    throw new InvalidOptionError(
      `${of}: the candles of '${one}' are of ${frame}, those of '${two}' of ${frames[other]}. Resample them to one timeframe.`,
      { details: { markets: { [one]: frame, [two]: frames[other] } } },
    );
  }
  for (let at = 1; at < time.length; at++) {
    const [before, now] = [time[at - 1] as number, time[at] as number];
    // Within one market candles may be closer, as days are where a clock is put forward.
    if (now - before >= leastMs || candles.some((one) => has(one, before) && has(one, now))) continue;
    throw new InvalidOptionError(
      `${of}: a candle of ${frame} begins at ${formatTime(now)}, within one of another market that begins at ${formatTime(before)}. Resample them so that they begin together.`,
      { details: { times: [before, now] } },
    );
  }
}

function isAsCloseAs({ time }: Candles, distance: number): boolean {
  return time.some((now, at) => at > 0 && now - (time[at - 1] as number) <= distance);
}

function has(candles: Candles, time: number): boolean {
  return candles.time[firstFrom(candles, time)] === time;
}
