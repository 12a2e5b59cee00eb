import { type OptionNames, optionNames, takeOptions } from '../events/known-options.js';
import { checkWhole } from '../kernel/check.js';

/** How much of a list `StoreReader` gives. */
export interface StoreListOptions {
  /** So many at most, from 1. Default: all. */
  readonly limit?: number;
}

/** Which dead letters `StoreReader.deadLetters` gives. */
export interface DeadLetterOptions extends StoreListOptions {
  /** Only those above this position. Default 0. */
  readonly after?: number;
}

/** Which pending commands `StoreReader.commands` gives. */
export interface PendingCommandOptions extends StoreListOptions {
  /** Only those that were sent after the command of this number. Default 0. */
  readonly after?: number;
}

export const STATES = optionNames<StoreListOptions>('states', { limit: true });
export const TIMERS = optionNames<StoreListOptions>('timers', { limit: true });
export const DEAD_LETTERS = optionNames<DeadLetterOptions>('deadLetters', { after: true, limit: true });
export const COMMANDS = optionNames<PendingCommandOptions>('commands', { after: true, limit: true });

/** Where a list begins, and how long it may be. @throws InvalidOptionError */
export function listed<Options extends StoreListOptions>(
  options: Options,
  names: OptionNames<keyof Options & string>,
): { readonly after: number; readonly limit: number } {
  const taken: StoreListOptions & { readonly after?: number } = takeOptions<Options>(options, names);
  const { after = 0, limit = Number.MAX_SAFE_INTEGER } = taken;
  return {
    after: checkWhole(names.of, 'after', after, 0),
    limit: checkWhole(names.of, 'limit', limit, 1),
  };
}

/** The first ones of a list. What is behind them is not read. */
export function* firstOf<Item>(all: Iterable<Item>, limit: number): Generator<Item> {
  let left = limit;
  for (const item of all) {
    yield item;
    if (--left === 0) return;
  }
}
