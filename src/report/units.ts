const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const KIB = 1024;
const ABSENT = '–';

/** 1536 as `1.5 KiB`; null as `–`. */
export function asBytes(value: number | null): string {
  if (value === null) return ABSENT;
  const size = Math.abs(value);
  const unit = size < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log(size) / Math.log(KIB)));
  return `${(value / KIB ** unit).toFixed(unit === 0 ? 0 : 1)} ${UNITS[unit]}`;
}

/** 1234567 as `1,234,567`, whatever the language of the machine. */
export function asCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Three digits that matter: 1,234, 123, 12.3, 1.23; null as `–`. */
export function asNumber(value: number | null): string {
  if (value === null) return ABSENT;
  const size = Math.abs(value);
  if (size >= 100) return asCount(value);
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** Milliseconds, in seconds when there are many. */
export function asMs(value: number): string {
  return value >= 1000 ? `${asNumber(value / 1000)} s` : `${asNumber(value)} ms`;
}

/** 0.0538 as `5.4 %`; null as `–`. */
export function asShare(value: number | null): string {
  return value === null ? ABSENT : `${(value * 100).toFixed(1)} %`;
}
