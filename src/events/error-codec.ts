import { MAX_ERROR_CAUSES, MAX_STACK_CHARACTERS } from '../limits.js';
import { ERROR_CLASSES, MillraceError } from './errors.js';

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
}

/** Turns whatever was thrown into plain data. Never throws itself. */
export function encodeError(thrown: unknown, depth = 0): WireError {
  if (!(thrown instanceof Error)) return { name: 'NonError', message: describe(thrown) };
  const code = (thrown as { code?: unknown }).code;
  return {
    name: thrown.name,
    message: thrown.message,
    ...(typeof code === 'string' && { code }),
    ...(thrown.stack !== undefined && { stack: thrown.stack.slice(0, MAX_STACK_CHARACTERS) }),
    ...(thrown instanceof MillraceError && { details: plainDetails(thrown.details) }),
    ...(thrown.cause !== undefined &&
      depth < MAX_ERROR_CAUSES && { cause: encodeError(thrown.cause, depth + 1) }),
  };
}

/** Makes an error again: of its own class when that is a Millrace class, a plain Error with name and code else. */
export function decodeError(wire: WireError): Error {
  const options = wire.cause ? { cause: decodeError(wire.cause) } : {};
  const errorClass = wire.code === undefined ? undefined : ERROR_CLASSES.get(wire.code);
  const error = errorClass
    ? new errorClass(wire.message, { ...options, details: wire.details ?? {} })
    : Object.assign(new Error(wire.message, options), wire.code === undefined ? {} : { code: wire.code });
  if (error.name !== wire.name)
    Object.defineProperty(error, 'name', { value: wire.name, configurable: true });
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

/** Makes an Error of whatever was thrown, so that callers may rely on `message`. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(describe(thrown));
}

function describe(thrown: unknown): string {
  try {
    return typeof thrown === 'string' ? thrown : `A handler threw ${JSON.stringify(thrown) ?? typeof thrown}`;
  } catch {
    // A cyclic object or a throwing toJSON: its type is all that can be said safely.
    return `A handler threw a value of type ${typeof thrown}`;
  }
}

function plainDetails(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(details).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)),
  );
}
