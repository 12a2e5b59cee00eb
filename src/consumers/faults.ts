import {
  ConsumerNotFoundError,
  ConsumerRunningError,
  ConsumerStoppedError,
  DeadLetterNotFoundError,
  HandlerTimeoutError,
} from '../kernel/errors.js';
import { reasonOf } from '../kernel/thrown.js';
import { CONSUMER_END_MS } from './limits.js';
import { checkPosition } from './options.js';
import type { ConsumerState } from './status.js';

/** Why nothing can be asked of a consumer. @param error why it stopped by itself, if it did. */
export function stopped(name: string, state: ConsumerState, error: Error | undefined): ConsumerStoppedError {
  const why = error ? ` because of an error: ${reasonOf(error)}` : '';
  const how = state === 'failed' ? 'resume() it' : 'start it again with engine.consumers.start()';
  return new ConsumerStoppedError(
    `Consumer '${name}' is ${state}${why}. To go on, ${state === 'paused' ? 'resume() it' : how}.`,
    { cause: error, details: { consumer: name, state } },
  );
}

/** Handlers have not ended, though `call` has aborted their signals. */
export function tooLate(name: string, call: string, running: number): HandlerTimeoutError {
  const handlers = running === 1 ? '1 handler has' : `${running} handlers have`;
  return new HandlerTimeoutError(
    `Consumer '${name}': ${handlers} not ended ${CONSUMER_END_MS / 1000} s after ${call} aborted the signal. The event is not done, and comes again. Pass context.signal on to what the handler waits for.`,
    { details: { consumer: name, inFlight: running } },
  );
}

/** It belongs to what has the engine open. */
export function notYours(name: string): ConsumerRunningError {
  return new ConsumerRunningError(
    `Consumer '${name}' belongs to what has this engine open, and runs with it. It can be removed by an engine that is opened without that.`,
    { details: { consumer: name } },
  );
}

export function noConsumer(name: string, hint: string): ConsumerNotFoundError {
  return new ConsumerNotFoundError(`The log has no consumer '${name}'. ${hint}`, {
    details: { consumer: name },
  });
}

/** @throws InvalidOptionError when it is no position at all. */
export function noFailure(name: string, position: unknown, what: string): DeadLetterNotFoundError {
  checkPosition(`retry() and discard() of consumer '${name}'`, position);
  return new DeadLetterNotFoundError(
    `Consumer '${name}' has no ${what} event at position ${position}. List them with failures().`,
    { details: { consumer: name, position: position as number } },
  );
}
