import { deflateRawSync } from 'node:zlib';
import type { PackedColumn } from './packed-column.js';

/** Most digits behind the point that prices of exchanges have. */
const MAX_DECIMALS = 8;
const MAX_DIFFERENCE = 2 ** 31 - 1;
/** Noise in the lowest digits packs hardly better at the levels that take ten times as long. */
const LEVEL = 2;
/** Digits of what is only drawn: a screen has four. */
const DRAWN_DIGITS = 7;

/** Packs a column: exactly where its numbers are decimal fractions, as prices and times are. */
export function packColumn(values: ArrayLike<number>): PackedColumn {
  const missing = missingIn(values);
  const known = Float64Array.from(values).subarray(missing);
  for (let decimals = 0; decimals <= MAX_DECIMALS; decimals++) {
    const differences = differencesOf(known, decimals);
    if (differences) return packed('decimal', decimals, missing, differences);
  }
  return packed('float', 0, missing, Float32Array.from(known));
}

/** Packs a column that is only drawn: rounded to one part in ten million of its largest value. */
export function packDrawn(values: Float64Array): PackedColumn {
  const largest = values.reduce((most, value) => (Math.abs(value) > most ? Math.abs(value) : most), 0);
  const decimals = Math.min(MAX_DECIMALS, Math.max(0, DRAWN_DIGITS - Math.ceil(Math.log10(largest || 1))));
  const scale = 10 ** decimals;
  return packColumn(values.map((value) => Math.round(value * scale) / scale));
}

function missingIn(values: ArrayLike<number>): number {
  let missing = 0;
  while (missing < values.length && Number.isNaN(values[missing])) missing++;
  return missing;
}

/** Differences of the scaled values, or undefined where they are no whole numbers or too far apart. */
function differencesOf(values: ArrayLike<number>, decimals: number): Int32Array | undefined {
  const differences = new Int32Array(values.length + 1);
  const scale = 10 ** decimals;
  let before = Math.round((values[0] ?? 0) * scale);
  // The first value may be larger than a difference can be: its upper part comes first.
  if (!(Math.abs(before) <= MAX_DIFFERENCE ** 2 / 4)) return undefined;
  differences[0] = Math.floor(before / MAX_DIFFERENCE);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    const whole = Math.round(value * scale);
    if (whole / scale !== value) return undefined;
    const difference = index === 0 ? whole - (differences[0] as number) * MAX_DIFFERENCE : whole - before;
    if (!(Math.abs(difference) <= MAX_DIFFERENCE)) return undefined;
    differences[index + 1] = difference;
    before = whole;
  }
  return differences;
}

function packed(
  form: PackedColumn['form'],
  decimals: number,
  missing: number,
  numbers: Int32Array | Float32Array,
): PackedColumn {
  const bytes = new Uint8Array(numbers.buffer);
  const planes = new Uint8Array(bytes.length);
  for (let plane = 0; plane < 4; plane++) {
    const start = plane * numbers.length;
    for (let index = 0; index < numbers.length; index++)
      planes[start + index] = bytes[index * 4 + plane] as number;
  }
  const length = missing + (form === 'decimal' ? numbers.length - 1 : numbers.length);
  return {
    form,
    decimals,
    missing,
    length,
    data: deflateRawSync(planes, { level: LEVEL }).toString('base64'),
  };
}
