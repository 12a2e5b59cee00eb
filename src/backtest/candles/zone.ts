import { InvalidOptionError } from '../../faces/errors.js';

const HOUR_MS = 3_600_000;
const OFFSET = /^(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})$/i;

/**
 * Turns the wall clock of a place into epoch milliseconds. An hour that a clock change skips does not exist, and of one
 * that it repeats the earlier is meant, unless the row before it has passed that already.
 */
export class Zone {
  readonly name: string;
  readonly #offsetAt: (utc: number) => number;

  /** @throws InvalidOptionError for a name that is no zone. */
  constructor(name: string) {
    this.name = name;
    const [, sign, hours = '', minutes = ''] = OFFSET.exec(name) ?? [];
    if (sign !== undefined) {
      const offset = (sign === '-' ? -1 : 1) * (+hours * 60 + +minutes) * 60_000;
      this.#offsetAt = () => offset;
    } else {
      this.#offsetAt = name === 'UTC' ? () => 0 : offsetsOf(name);
    }
  }

  /**
   * @param wall what the clock on the wall shows, as if it were UTC.
   * @param after the time of the row before.
   * @returns undefined for a time that this clock never showed.
   */
  toUtc(wall: number, after = Number.NEGATIVE_INFINITY): number | undefined {
    // Far enough to both sides that one of them has the offset before a change of the clock, and one that behind it.
    const offsets = [this.#offsetAt(wall - 26 * HOUR_MS), this.#offsetAt(wall + 26 * HOUR_MS)];
    const times = [...new Set(offsets.map((offset) => wall - offset))]
      .filter((utc) => utc + this.#offsetAt(utc) === wall)
      .sort((a, b) => a - b);
    return times.find((utc) => utc > after) ?? times.at(-1);
  }
}

/** Offsets of a place, each hour asked for once: a formatter takes microseconds, and a file has millions of rows. */
function offsetsOf(zone: string): (utc: number) => number {
  const format = formatterOf(zone);
  const known = new Map<number, number>();
  return (utc) => {
    const quarter = Math.floor(utc / (HOUR_MS / 4));
    const before = known.get(quarter);
    if (before !== undefined) return before;
    const at = quarter * (HOUR_MS / 4);
    const parts = Object.fromEntries(
      format.formatToParts(at).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    const offset = Date.UTC(year, month - 1, day, hour, minute, second) - at;
    known.set(quarter, offset);
    return offset;
  };
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (error) {
    throw new InvalidOptionError(
      `Option zone is '${zone}'; it must be a time zone such as UTC, Asia/Seoul or +09:00.`,
      { cause: error },
    );
  }
}
