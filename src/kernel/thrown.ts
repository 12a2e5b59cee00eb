import { types } from 'node:util';
import { MAX_ERROR_TEXT } from './limits.js';

/**
 * What JavaScript code throws may be anything: an error of another realm, an object whose getters throw, a revoked
 * proxy. Everything that looks at a thrown value does it through this file, and nothing here ever throws.
 */

/** Whether a thrown value is an error: of this realm or another one, native or only made like one. */
export function isError(thrown: unknown): thrown is Error {
  if (typeof thrown !== 'object' || thrown === null) return false;
  return types.isNativeError(thrown) || attempt(() => thrown instanceof Error) === true;
}

/** An Error with a text as its message, whatever was thrown: the value itself if it is one. */
export function toError(thrown: unknown): Error {
  const sound = isError(thrown) && ['name', 'message'].every((key) => typeof field(thrown, key) === 'string');
  return sound ? thrown : new Error(messageOf(thrown), { cause: thrown });
}

/** What a thrown value says, in one bounded text. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown === 'string') return bounded(thrown);
  const message = field(thrown, 'message');
  if (typeof message === 'string') return bounded(message === '' ? nameOf(thrown) : message);
  if (isError(thrown)) return message === undefined ? nameOf(thrown) : shown(message);
  return `What was thrown is no error: ${shown(thrown)}.`;
}

/** The message as the end of a sentence: without a full stop of its own. */
export function reasonOf(thrown: unknown): string {
  return messageOf(thrown).replace(/\.$/, '');
}

/** The name of an error's class, or `NonError`. */
export function nameOf(thrown: unknown): string {
  const name = field(thrown, 'name');
  if (typeof name === 'string' && name !== '') return bounded(name);
  return isError(thrown) ? 'Error' : 'NonError';
}

/** The stable code of an error, if it bears one that is a text. */
export function codeOf(thrown: unknown): string | undefined {
  const code = field(thrown, 'code');
  return typeof code === 'string' ? bounded(code) : undefined;
}

/** A field of whatever it is; undefined when there is none, and when reading it throws. */
export function field(value: unknown, key: string | symbol): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  return attempt(() => (value as Record<string | symbol, unknown>)[key]);
}

/** The own enumerable keys of whatever it is; none when it cannot be asked. */
export function keysOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return attempt(() => Object.keys(value)) ?? [];
}

/** Any value in a few words, for a message: a text of its own, JSON where that says something, else its type. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'object':
    case 'string':
      return bounded(attempt(() => JSON.stringify(value)) ?? `of type ${typeof value}`);
    case 'function':
      return 'a function';
    default:
      return String(value);
  }
}

/** Cut to a length at which a message can still be stored and sent. */
export function bounded(text: string, most: number = MAX_ERROR_TEXT): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

/** What the function returns; undefined when it throws. A thrown value that cannot be looked at says nothing. */
export function attempt<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch {
    // A getter, a proxy or a toJSON of the thrower's own: its error would hide the one that is being described.
    return undefined;
  }
}
