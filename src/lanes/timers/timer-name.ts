import { knownOptions, optionNames } from '../../events/known-options.js';
import { isStorable } from '../../kernel/check.js';
import { shown } from '../../kernel/thrown.js';
import { InvalidTimerError } from '../../kernel/timer-errors.js';
import { MAX_NAME_BYTES } from '../../limits.js';
import type { ScheduleOptions } from './timer-time.js';

const SCHEDULE = optionNames<ScheduleOptions>('ctx.schedule', { name: true });

/** The name of a timer. @param type its name when none is given. @throws InvalidTimerError, InvalidOptionError */
export function timerName(options: ScheduleOptions | undefined, type?: string): string {
  const name = (options === undefined ? undefined : knownOptions(options, SCHEDULE).name) ?? type;
  if (isStorable(name, MAX_NAME_BYTES)) return name;
  throw new InvalidTimerError(
    `The name of a timer is ${shown(name)}; it must be a text of 1 to ${MAX_NAME_BYTES} bytes in UTF-8, without half characters.`,
  );
}
