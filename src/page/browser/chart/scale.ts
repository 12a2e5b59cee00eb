/** Values that an axis goes over. */
export interface Extent {
  readonly low: number;
  readonly high: number;
}

/** Round values between two ends, at most so many. */
export function ticksBetween({ low, high }: Extent, most: number): number[] {
  const raw = (high - low) / Math.max(1, most);
  if (!(raw > 0) || !Number.isFinite(raw)) return [];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const first = Math.ceil(low / step);
  return Array.from(
    { length: Math.max(0, Math.floor(high / step) - first + 1) },
    (_, index) => (first + index) * step,
  );
}

/** Powers of ten and their doubles and fives, for an axis on which equal parts are equal factors. */
export function logTicksBetween({ low, high }: Extent, most: number): number[] {
  if (!(low > 0) || high / low < 3) return ticksBetween({ low, high }, most);
  const found: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const factor of [1, 2, 5]) {
      const value = factor * 10 ** power;
      if (value >= low && value <= high) found.push(value);
    }
  }
  return found.length > most * 1.5 ? found.filter((value) => Number.isInteger(Math.log10(value))) : found;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface Step {
  readonly size: number;
  readonly months?: number;
}

const STEPS: readonly Step[] = [
  ...[1, 5, 15, 30].map((minutes) => ({ size: minutes * MINUTE })),
  ...[1, 3, 6, 12].map((hours) => ({ size: hours * HOUR })),
  ...[1, 2, 7, 14].map((days) => ({ size: days * DAY })),
  ...[1, 3, 6, 12, 24, 60, 120].map((months) => ({ size: months * 30.4 * DAY, months })),
];

export interface TimeTick {
  readonly bar: number;
  readonly text: string;
}

/** Marks of a time axis: the first bar of each minute, day, month or year, whatever leaves at most so many. */
export function timeTicks(time: Float64Array, start: number, end: number, most: number): TimeTick[] {
  const first = Math.max(0, Math.ceil(start));
  const last = Math.min(time.length - 1, Math.floor(end));
  const from = time[first];
  const to = time[last];
  if (from === undefined || to === undefined || last <= first) return [];
  const step = STEPS.find(({ size }) => (to - from) / size <= most) ?? (STEPS.at(-1) as Step);
  const found: TimeTick[] = [];
  for (const at of boundaries(from, to, step)) {
    const bar = firstBarFrom(time, at);
    if (bar > last || found.at(-1)?.bar === bar) continue;
    found.push({ bar, text: label(time[bar] as number, step) });
  }
  return found;
}

function boundaries(from: number, to: number, { size, months }: Step): number[] {
  const found: number[] = [];
  if (months === undefined) {
    // Weeks begin on Monday; the epoch began on a Thursday.
    const shift = size % (7 * DAY) === 0 ? 4 * DAY : 0;
    for (let at = Math.ceil((from - shift) / size) * size + shift; at <= to; at += size) found.push(at);
    return found;
  }
  const date = new Date(from);
  let month = Math.ceil((date.getUTCFullYear() * 12 + date.getUTCMonth()) / months) * months;
  for (; ; month += months) {
    const at = Date.UTC(Math.floor(month / 12), month % 12, 1);
    if (at > to) return found;
    if (at >= from) found.push(at);
  }
}

function firstBarFrom(time: Float64Array, at: number): number {
  let low = 0;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((time[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function label(time: number, { size, months }: Step): string {
  const date = new Date(time);
  const month = MONTHS[date.getUTCMonth()] ?? '';
  if (months !== undefined && months >= 12) return String(date.getUTCFullYear());
  if (months !== undefined) return date.getUTCMonth() === 0 ? String(date.getUTCFullYear()) : month;
  const clock = date.toISOString().slice(11, 16);
  return size >= DAY || clock === '00:00' ? `${date.getUTCDate()} ${month}` : clock;
}
