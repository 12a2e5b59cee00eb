import { UsageError } from './command.js';

/**
 * A border of a range: a position, or a time. A time without a zone is UTC.
 *
 * @throws UsageError
 */
export function borderOf(text: string, option: string): number | Date {
  if (/^\d{1,15}$/.test(text) && Number(text) >= 1) return Number(text);
  const [, day = '', clock = '', zone = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?)?$/.exec(text) ?? [];
  const time = new Date(`${day}T${clock || '00:00'}${zone || 'Z'}`);
  if (!Number.isNaN(time.getTime())) return time;
  throw new UsageError(
    `${option} is '${text}'; it must be a position from 1, or a time as ISO text: 2026-03-01 or 2026-03-01T09:30:00Z.`,
  );
}
