import { join } from 'node:path';
import { MAX_REPORT_JSON_BYTES } from '../files/limits.js';
import { readBounded } from '../files/read-bounded.js';
import { InputError, InvalidOptionError } from '../kernel/errors.js';
import { isRecord } from './shape.js';

type Fields = Readonly<Record<string, unknown>>;

/** A file in the folder of a profile. @throws InvalidOptionError for a folder that is no text. */
export function inProfile(directory: string, name: string): string {
  if (typeof directory === 'string' && directory !== '') return join(directory, name);
  throw new InvalidOptionError('The folder of a profile must be a path, and a text.');
}

/**
 * Reads a file of version 1 of ours.
 *
 * @param isWhole whether it has what its readers need.
 * @param complaint what it is not, and what to do, for the error.
 * @throws InputError when it is no such file, or cannot be read.
 */
export function readJson(path: string, isWhole: (fields: Fields) => boolean, complaint: string): Fields {
  const limit = MAX_REPORT_JSON_BYTES;
  const value = parsed(readBounded(path, { limit, advice: 'It is no file of a profile.' }).toString('utf8'));
  if (isRecord(value) && value.version === 1 && isWhole(value)) return value;
  throw new InputError(`${path} is ${complaint}`);
}

/** Undefined when the text is no JSON: then it is no file of ours either. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
