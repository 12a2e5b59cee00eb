import { types } from 'node:util';
import { mustBeOneOf } from '../events/nearest.js';
import { InvalidOptionError } from '../faces/errors.js';
import { Candles } from './candles/candles.js';

// What several calls are given, checked in one place. `of` is the call, as the error names it.

/**
 * A value of a fixed set.
 *
 * @param what as the sentence begins: `The level`, `monteCarlo: 'of'`.
 * @throws InvalidOptionError for any other, with the allowed ones and the one that was probably meant.
 */
export function oneOf<Value extends string>(what: string, value: Value, allowed: readonly Value[]): Value {
  if (allowed.includes(value)) return value;
  const text = typeof value === 'string' ? `'${value}'` : kindOf(value);
  throw new InvalidOptionError(
    `${what} is ${text}; ${mustBeOneOf(typeof value === 'string' ? value : '', allowed)}`,
  );
}

/** How much of a run becomes events, from most to least. */
export const RECORDING_LEVELS = ['full', 'trades', 'summary'] as const;

/** @throws InvalidOptionError for a level that there is not. */
export function checkLevel(level: (typeof RECORDING_LEVELS)[number]): void {
  oneOf('The level', level, RECORDING_LEVELS);
}

/** @throws InvalidOptionError for what `readCandles` did not return; the path of a file, for one. */
export function checkCandles(of: string, candles: unknown): Candles {
  if (candles instanceof Candles) return candles;
  throw new InvalidOptionError(`${of}: 'candles' must be Candles, as readCandles returns them.`);
}

/** As `checkCandles`, of an option that may be left out. */
export function checkCandlesIfAny(of: string, candles: unknown): Candles | undefined {
  return candles === undefined ? undefined : checkCandles(of, candles);
}

/** @throws InvalidOptionError for what is no text, or an empty one. */
export function checkText(of: string, name: string, text: unknown): string {
  if (typeof text === 'string' && text !== '') return text;
  throw new InvalidOptionError(`${of}: '${name}' is ${kindOf(text)}; it must be a text.`);
}

/** As `checkText`, of options that may be left out. */
export function checkTextsIfAny(of: string, texts: Readonly<Record<string, unknown>>): void {
  for (const [name, text] of Object.entries(texts)) if (text !== undefined) checkText(of, name, text);
}

/** As `checkText`, of what events name their market by. @throws InvalidOptionError also for half a character, which no event can hold. */
export function checkMarketName(of: string, name: string, text: unknown): string {
  const checked = checkText(of, name, text);
  if (checked.isWellFormed()) return checked;
  throw new InvalidOptionError(
    `${of}: ${name} is ${JSON.stringify(checked)}, which has half of a character (a lone surrogate); no event can hold it.`,
  );
}

/** @throws InvalidOptionError for what is no list of objects. */
export function checkRows(of: string, name: string, rows: unknown): void {
  if (!Array.isArray(rows))
    throw new InvalidOptionError(`${of}: '${name}' is ${kindOf(rows)}; it must be a list.`);
  const at = rows.findIndex((row) => typeof row !== 'object' || row === null);
  if (at < 0) return;
  throw new InvalidOptionError(
    `${of}: '${name}' has ${kindOf(rows[at])} at index ${at}, where an object must be.`,
  );
}

/** @throws InvalidOptionError for what is no object. */
export function checkObject(of: string, name: string, value: unknown, like: string): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw new InvalidOptionError(`${of}: '${name}' is ${kindOf(value)}; it must be ${like}.`);
}

/** @throws InvalidOptionError unless all of them are columns of numbers: `Float64Array`s. */
export function checkColumns(of: string, columns: Readonly<Record<string, unknown>>): void {
  for (const [name, column] of Object.entries(columns)) {
    // Of any realm: tests of users run in contexts of their own.
    if (types.isFloat64Array(column)) continue;
    throw new InvalidOptionError(`${of}: '${name}' is ${kindOf(column)}; it must be a Float64Array.`);
  }
}

/** @throws InvalidOptionError unless all of them are numbers. */
export function checkNumbers(of: string, numbers: Readonly<Record<string, unknown>>): void {
  for (const [name, number] of Object.entries(numbers)) {
    if (typeof number === 'number' && !Number.isNaN(number)) continue;
    throw new InvalidOptionError(`${of}: '${name}' is ${kindOf(number)}; it must be a number.`);
  }
}

/** @throws InvalidOptionError for what is no result of a backtest, as far as it is needed: its curve, trades and rules. */
export function checkResult(of: string, result: unknown): void {
  checkObject(of, 'result', result, 'what runBacktest returned');
  const { equity, trades, settings, benchmark } = result as Readonly<Record<string, Record<string, unknown>>>;
  for (const [name, part] of Object.entries({ equity, settings, benchmark }))
    checkObject(of, `result.${name}`, part, 'that of what runBacktest returned');
  checkColumns(of, {
    'result.equity.time': equity?.time,
    'result.equity.equity': equity?.equity,
    'result.benchmark.equity': benchmark?.equity,
  });
  checkRows(of, 'result.trades', trades);
}

/** What something is, for a message about what it should have been. */
function kindOf(value: unknown): string {
  if (value === '') return 'empty';
  if (value === null || value === undefined || typeof value === 'number') return String(value);
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}
