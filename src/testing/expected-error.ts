import { codeOf, isError, messageOf, nameOf } from '../kernel/thrown.js';
import { valueText } from './text.js';

/** What is expected to be thrown: an error of a class, one with a text in its message or as its code, a pattern of it. */
export type ExpectedError = (new (...parameters: never) => Error) | string | RegExp;

/** What was expected, in words, when something else was thrown; undefined when it is as expected. */
export function errorDifference(expected: ExpectedError, thrown: unknown): string | undefined {
  if (typeof expected === 'function') {
    return thrown instanceof expected ? undefined : `an error of class ${expected.name}`;
  }
  const { message, code } = textsOf(thrown);
  if (typeof expected === 'string') {
    return code === expected || message.includes(expected) ? undefined : `an error with '${expected}'`;
  }
  return message.search(expected) >= 0 ? undefined : `an error that matches ${expected}`;
}

/** Something thrown, in a few words. */
export function describeThrown(thrown: unknown): string {
  return isError(thrown) ? `${nameOf(thrown)}: ${messageOf(thrown)}` : valueText(thrown);
}

function textsOf(thrown: unknown): { readonly message: string; readonly code: unknown } {
  if (isError(thrown)) return { message: messageOf(thrown), code: codeOf(thrown) };
  return { message: typeof thrown === 'string' ? thrown : valueText(thrown), code: undefined };
}
