/** What is shown where there is no number. */
export const ABSENT = 'n/a';

/** 0.0538 as `5.38 %`, with a true minus. */
export function percent(value: number | null, digits = 2): string {
  return value === null || !Number.isFinite(value) ? ABSENT : `${signed((value * 100).toFixed(digits))} %`;
}

/** As {@link percent} with a plus before gains. */
export function change(value: number | null, digits = 2): string {
  const text = percent(value, digits);
  return value !== null && value > 0 ? `+${text}` : text;
}

/** Digits that matter for an amount of any size: 12,345.68, 0.00012346. */
export function amount(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return ABSENT;
  const size = Math.abs(value);
  if (size >= 1000 || size === 0) return grouped(value, 2);
  return signed(String(Number(value.toPrecision(6))));
}

/** An amount of money: two digits behind the point, more of what is below one. */
export function money(value: number | null): string {
  return value !== null && Math.abs(value) >= 1 && Number.isFinite(value) ? grouped(value, 2) : amount(value);
}

/** An amount at an axis, whose values are round: 20,000, 1.25, 0.0004. */
export function axisAmount(value: number): string {
  return Math.abs(value) >= 1000 ? grouped(value, 0) : signed(String(Number(value.toPrecision(6))));
}

/** A number with a fixed count of digits behind the point. */
export function decimal(value: number | null, digits = 2): string {
  return value === null || !Number.isFinite(value) ? ABSENT : signed(value.toFixed(digits));
}

/** 1234567 as `1,234,567`, whatever the language of the machine. */
export function count(value: number): string {
  return grouped(value, 0);
}

function grouped(value: number, digits: number): string {
  return signed(
    value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
}

function signed(text: string): string {
  return /^-0(?:\.0*)?$/.test(text) ? text.slice(1) : text.replace('-', '−');
}

/** `3 d 4 h`, `25 min`: the two largest units. */
export function duration(milliseconds: number | null): string {
  if (milliseconds === null) return ABSENT;
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const;
  const first = units.findIndex(([, size]) => milliseconds >= size);
  if (first < 0) return `${Math.round(milliseconds)} ms`;
  const [name, size] = units[first] as (typeof units)[number];
  if (milliseconds >= 30 * 86_400_000) return `${count(milliseconds / size)} d`;
  const rest = units[first + 1];
  const left = rest ? Math.floor((milliseconds % size) / rest[1]) : 0;
  return `${Math.floor(milliseconds / size)} ${name}${rest && left > 0 ? ` ${left} ${rest[0]}` : ''}`;
}

/** A moment in UTC: the day alone at midnight, seconds only where there are some. */
export function moment(time: number): string {
  const text = new Date(time).toISOString();
  return text
    .replace(/T00:00:00\.000Z$/, '')
    .replace('T', ' ')
    .replace(/(?::00)?\.000Z$/, '')
    .replace('Z', '');
}
