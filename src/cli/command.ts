import { type ParseArgsConfig, parseArgs } from 'node:util';
import { didYouMean, mustBeOneOf } from '../events/nearest.js';

/** One word after `millrace`. */
export interface Command {
  /** What `--help` prints. */
  readonly help: string;
  /** Runs with the arguments after the word. @returns the exit code. */
  run(args: readonly string[]): Promise<number>;
}

/** The command line is not of the documented form: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** As `parseArgs`, but says which option was probably meant. @throws UsageError */
export function parseCommand<Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs({ ...config, args: withNegatives(config) } as Config);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('ERR_PARSE_ARGS')) throw error;
    const unknown = code.endsWith('UNKNOWN_OPTION') ? /'(--?[^']*)'/.exec(message)?.[1] : undefined;
    if (unknown === undefined) throw new UsageError(message, { cause: error });
    const names = [...Object.keys(config.options ?? {}), 'help'].map((name) => `--${name}`);
    throw new UsageError(`There is no option '${unknown}'. ${didYouMean(unknown, names, 'There are')}`, {
      cause: error,
    });
  }
}

/**
 * A negative number behind an option is its value, and no option: what reads it says what is wrong with it, where
 * Node.js says that the argument is ambiguous.
 */
function withNegatives({ args = [], options = {} }: ParseArgsConfig): string[] {
  const joined: string[] = [];
  for (const word of args) {
    const before = joined.at(-1);
    const takesText = before?.startsWith('--') && options[before.slice(2)]?.type === 'string';
    if (takesText && /^-\.?\d/.test(word) && !joined.includes('--'))
      joined[joined.length - 1] = `${before}=${word}`;
    else joined.push(word);
  }
  return joined;
}

/** The one file argument of a command. @throws UsageError when there is none or more than one. */
export function onlyFile(positionals: readonly string[], command: string): string {
  const [file, extra] = positionals;
  if (file === undefined || file === '')
    throw new UsageError(`'${command}' needs a file: millrace ${command} FILE`);
  if (extra === undefined) return file;
  // Who follows an event has its number or its id at hand, and nothing but the option's name is missing.
  const option = /^\d+$/.test(extra) ? '--position' : '--id';
  const hint = command === 'trace' ? ` To follow an event: millrace trace ${file} ${option} ${extra}` : '';
  throw new UsageError(`'${command}' takes one file, and '${extra}' is a second one.${hint}`);
}

/** A whole number given as text. @throws UsageError when it is none, or out of range. */
export function wholeNumber(text: string, option: string, lowest: number, highest: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= lowest && value <= highest) return value;
  throw new UsageError(`${option} is '${text}'; it must be a whole number from ${lowest} to ${highest}.`);
}

/** One of a fixed set of values, or undefined when it is left out. @throws UsageError that has all of them. */
export function oneOf<Value extends string>(
  text: string | undefined,
  option: string,
  allowed: readonly Value[],
): Value | undefined {
  if (text === undefined || (allowed as readonly string[]).includes(text)) return text as Value | undefined;
  throw new UsageError(`${option} is '${text}'; ${mustBeOneOf(text, allowed)}`);
}

/**
 * Refuses options that would have no effect: whoever gives one believes that it has.
 *
 * @param idle those that were given, of which none has an effect.
 * @param reason the rest of the sentence: `is about the candles, and none are given`.
 * @throws UsageError
 */
export function refuseIdle(idle: Readonly<Record<string, unknown>>, reason: string): void {
  const [name] = Object.entries(idle).find(([, value]) => value !== undefined && value !== false) ?? [];
  if (name !== undefined) throw new UsageError(`--${name} ${reason}.`);
}

/** An argument as a POSIX shell reads it back. */
export function shellQuote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
