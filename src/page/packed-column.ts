/**
 * A column of numbers as a page holds it. `decimal`: differences of whole numbers of 10^-decimals, exact. `float`:
 * single precision, for what is only drawn; NaN where there is no value. Both in planes of bytes, which deflate packs
 * better than numbers, and in base64.
 */
export interface PackedColumn {
  readonly form: 'decimal' | 'float';
  readonly decimals: number;
  /** Values missing before the first: NaN. */
  readonly missing: number;
  readonly length: number;
  readonly data: string;
}
