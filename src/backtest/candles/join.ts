import { InputError } from '../../faces/errors.js';
import { formatTime } from './candle-rows.js';
import type { CandleRow } from './candles.js';
import type { ReadPart } from './row-reader.js';
import { timeframeOf } from './timeframe.js';

/** A text's candles with the name that messages give it. */
export interface NamedPart {
  readonly name: string;
  readonly part: ReadPart;
}

/** One row after the other, and how many were left out. */
export interface Joined {
  readonly rows: readonly CandleRow[];
  readonly duplicates: number;
}

/**
 * The candles of several texts as one series, in whatever order the texts came. Where they overlap, a candle that is the
 * same in both counts once.
 *
 * @param mends whether of two different candles of one time the later text's is taken. Otherwise that is an error.
 * @throws InputError for texts of different timeframes, and for candles that contradict each other.
 */
export function joined(parts: readonly NamedPart[], mends: boolean): Joined {
  const [first] = parts;
  if (!first || parts.length === 1) return { rows: first?.part.rows ?? [], duplicates: 0 };
  checkTimeframes(parts);
  const timeOf = ({ part }: NamedPart) => part.rows[0]?.time ?? 0;
  const inOrder = [...parts].sort((a, b) => timeOf(a) - timeOf(b));
  const all = inOrder.flatMap(({ name, part }) => part.rows.map((row) => ({ row, name })));
  all.sort((a, b) => a.row.time - b.row.time);
  const rows: CandleRow[] = [];
  all.forEach(({ row, name }, index) => {
    const before = all[index - 1];
    if (!before || before.row.time !== row.time) {
      rows.push(row);
      return;
    }
    if (!mends && !isSame(before.row, row)) {
      throw new InputError(
        `${before.name} and ${name} have different candles of ${formatTime(row.time)}. Pass files of one market, or skip faults to take the later file's.`,
      );
    }
    rows[rows.length - 1] = row;
  });
  return { rows, duplicates: all.length - rows.length };
}

function isSame(a: CandleRow, b: CandleRow): boolean {
  const sameFunding = (a.funding || 0) === (b.funding || 0);
  return (
    sameFunding && (['open', 'high', 'low', 'close', 'volume'] as const).every((name) => a[name] === b[name])
  );
}

function checkTimeframes(parts: readonly NamedPart[]): void {
  const known = parts
    .filter(({ part }) => part.rows.length > 2)
    .map(({ name, part }) => {
      const time = Float64Array.from(part.rows, (row) => row.time);
      return { name, timeframe: timeframeOf({ time, length: time.length }) };
    });
  const [first] = known;
  const other = known.find(({ timeframe }) => timeframe !== first?.timeframe);
  if (!first || !other) return;
  throw new InputError(
    `${first.name} has candles of ${first.timeframe}, and ${other.name} of ${other.timeframe}. Pass files of one timeframe.`,
  );
}
