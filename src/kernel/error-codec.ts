import { MAX_ERROR_CAUSES, MAX_STACK_CHARACTERS } from '../limits.js';
import { ERROR_CLASSES } from './error-classes.js';
import { MillraceError } from './errors.js';
import { MAX_ERROR_DETAILS, MAX_ERROR_PARTS } from './limits.js';
import { bounded, codeOf, field, isError, keysOf, messageOf, nameOf, shown } from './thrown.js';

export { toError } from './thrown.js';

/**
 * An error as plain data. Structured clone drops class, name and own fields of an error, so errors cross
 * threads and reach the store in this form.
 */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: WireError;
  /** The errors of an AggregateError, the first few. */
  readonly errors?: readonly WireError[];
}

/** Turns whatever was thrown into plain data of a bounded size. Never throws itself. */
export function encodeError(thrown: unknown): WireError {
  return encode(thrown, 0, { left: MAX_ERROR_PARTS });
}

/**
 * Makes an error again: of its own class when that is a Millrace class, a plain Error with name and code else. Only errors
 * of Millrace classes have details: one that merely bears such a code is none of them, on this side neither.
 */
export function decodeError(wire: WireError): Error {
  const { name, message, code, stack, details, cause, errors } = wire;
  const options = cause ? { cause: decodeError(cause) } : {};
  const errorClass = code === undefined || !details ? undefined : ERROR_CLASSES.get(code);
  let error: Error;
  if (errorClass) error = new errorClass(message, { ...options, ...(details && { details }) });
  else if (errors) error = new AggregateError(errors.map(decodeError), message, options);
  else error = new Error(message, options);
  if (!errorClass && code !== undefined) Object.assign(error, { code });
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true });
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** What an error was when it was stored, as far as the text tells: any version may have written it. Never throws. */
export function wireOf(stored: unknown, depth = 0): WireError {
  const [stack, code, details, cause, errors] = ['stack', 'code', 'details', 'cause', 'errors'].map((key) =>
    field(stored, key),
  );
  const isDeep = depth >= MAX_ERROR_CAUSES;
  const inner = isDeep || !Array.isArray(errors) ? [] : errors.slice(0, MAX_ERROR_PARTS);
  return {
    name: nameOf(stored),
    message: storedMessage(stored),
    ...(typeof code === 'string' && { code }),
    ...(typeof stack === 'string' && { stack }),
    ...(isRecord(details) && { details }),
    ...(isRecord(cause) && !isDeep && { cause: wireOf(cause, depth + 1) }),
    ...(inner.length > 0 && { errors: inner.map((error) => wireOf(error, depth + 1)) }),
  };
}

/** How many more errors may be encoded: causes and parts of one error are a tree, and it may be a wide one. */
interface Budget {
  left: number;
}

function encode(thrown: unknown, depth: number, budget: Budget): WireError {
  budget.left--;
  const known = { name: nameOf(thrown), message: messageOf(thrown) };
  if (!isError(thrown) && typeof field(thrown, 'message') !== 'string') return { ...known, name: 'NonError' };
  const code = codeOf(thrown);
  const stack = field(thrown, 'stack');
  const cause = field(thrown, 'cause');
  const errors = field(thrown, 'errors');
  const hasParts = typeof errors === 'object' && Number(field(errors, 'length')) > 0 && budget.left > 1;
  const mayFollow = depth < MAX_ERROR_CAUSES;
  return {
    ...known,
    ...(code !== undefined && { code }),
    ...(typeof stack === 'string' && { stack: stack.slice(0, MAX_STACK_CHARACTERS) }),
    ...(thrown instanceof MillraceError && { details: plainDetails(field(thrown, 'details')) }),
    ...(cause !== undefined && mayFollow && budget.left > 0 && { cause: encode(cause, depth + 1, budget) }),
    ...(hasParts && mayFollow && { errors: encodeParts(errors, depth, budget) }),
  };
}

function encodeParts(errors: unknown, depth: number, budget: Budget): WireError[] {
  const parts: WireError[] = [];
  const count = Math.min(Number(field(errors, 'length')) || 0, MAX_ERROR_PARTS);
  for (let index = 0; index < count && budget.left > 0; index++) {
    parts.push(encode(field(errors, String(index)), depth + 1, budget));
  }
  return parts;
}

function plainDetails(details: unknown): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const key of keysOf(details).slice(0, MAX_ERROR_DETAILS)) {
    const value = field(details, key);
    if (typeof value === 'string') plain[key] = bounded(value);
    else if (typeof value === 'number' || typeof value === 'boolean') plain[key] = value;
  }
  return plain;
}

function storedMessage(stored: unknown): string {
  const message = field(stored, 'message');
  if (typeof message === 'string') return message;
  return shown(message === undefined ? stored : message);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
