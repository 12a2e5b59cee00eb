import { CODES, codesOf, hasCode } from './error-identity.js';
import type { PublishFailure } from './publish-failure.js';

export type { PublishFailure };

/** Fields that an error class adds to its message; they cross threads with it. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * The root of all Millrace errors. `code` is stable; the message says what to do.
 * `instanceof` works across two copies of the package: it compares codes, not constructors.
 */
export class MillraceError extends Error {
  static readonly code: string = 'MILLRACE_ERROR';
  readonly code: string;
  readonly details: ErrorDetails;

  constructor(message: string, options: ErrorOptions & { details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const own = new.target;
    this.code = own.code;
    this.name = own.name;
    this.details = options.details ?? {};
    Object.defineProperty(this, CODES, { value: codesOf(own), enumerable: false });
  }

  static override readonly [Symbol.hasInstance] = hasCode;
}

/** An event type, handler module or option set is not of the documented form. */
export class InvalidDefinitionError extends MillraceError {
  static override readonly code = 'MILLRACE_INVALID_DEFINITION';
}

/** An option has a value outside its range. */
export class InvalidOptionError extends MillraceError {
  static override readonly code = 'MILLRACE_INVALID_OPTION';
}

/** An event's type is not in the engine's `events`. */
export class UnknownEventTypeError extends MillraceError {
  static override readonly code = 'MILLRACE_UNKNOWN_EVENT_TYPE';
}

/**
 * A function of an event type (`schema`, `aggregateId`, `partitionKey`, `upcast`) threw, or returned a promise where a
 * value must be. `details` has `type` and `function`, `cause` is what it threw.
 */
export class EventFunctionError extends MillraceError {
  // Not a literal type: a more precise error extends this one.
  static override readonly code: string = 'MILLRACE_EVENT_FUNCTION';
}

/**
 * A stored event of an older version has no form of today: its type's `upcast` threw, or what it returned is no payload
 * of the type. `details` has `type`, `position`, and `storedVersion` (of the schema). The event itself is whole.
 */
export class UpcastError extends EventFunctionError {
  static override readonly code = 'MILLRACE_UPCAST';
}

/** A handler waits for what only happens once it has ended itself. `details.call` names the call, `inside` where it is. */
export class WaitsForItselfError extends MillraceError {
  static override readonly code = 'MILLRACE_WAITS_FOR_ITSELF';
}

/** A payload failed its schema. `details.path` names the field. */
export class SchemaMismatchError extends MillraceError {
  static override readonly code = 'MILLRACE_SCHEMA_MISMATCH';
}

/** A payload holds what cannot be stored: a function, symbol, class instance, cycle, NaN, … */
export class UnsupportedPayloadError extends MillraceError {
  static override readonly code = 'MILLRACE_UNSUPPORTED_PAYLOAD';
}

/** A payload is larger than the limit. */
export class PayloadTooLargeError extends MillraceError {
  static override readonly code = 'MILLRACE_PAYLOAD_TOO_LARGE';
}

/** An aggregate id or partition key is empty, too long or not a string. */
export class InvalidNameError extends MillraceError {
  static override readonly code = 'MILLRACE_INVALID_NAME';
}

/** A log in memory has as many aggregates and partition keys as it may have. `details.limit` says how many. */
export class TooManyNamesError extends MillraceError {
  static override readonly code = 'MILLRACE_TOO_MANY_NAMES';
}

/** One `append` has more events, or bytes, than may be in flight at once. `details.limit` says how many. */
export class AppendTooLargeError extends MillraceError {
  static override readonly code = 'MILLRACE_APPEND_TOO_LARGE';
}

/** In deterministic mode: an event without a time, or an aggregate under two partition keys. */
export class NotDeterministicError extends MillraceError {
  static override readonly code = 'MILLRACE_NOT_DETERMINISTIC';
}

/** `append` found the aggregate at another version than expected. `details` has `expected` and `actual`. */
export class ConcurrencyError extends MillraceError {
  static override readonly code = 'MILLRACE_CONCURRENCY';
}

/** An `append` has an event with the `eventId` of another one, and is not the same again. `details` has `eventId`, `version`. */
export class EventIdTakenError extends MillraceError {
  static override readonly code = 'MILLRACE_EVENT_ID_TAKEN';
}

/** A command was refused by its aggregate. `details.rule` names the rule; nothing was appended. */
export class CommandRefusedError extends MillraceError {
  static override readonly code = 'MILLRACE_COMMAND_REFUSED';
}

/** An aggregate was asked for a command that it does not have. */
export class UnknownCommandError extends MillraceError {
  static override readonly code = 'MILLRACE_UNKNOWN_COMMAND';
}

/** An aggregate that no lane has loaded. `details.aggregate` names it. */
export class UnknownAggregateError extends MillraceError {
  static override readonly code = 'MILLRACE_UNKNOWN_AGGREGATE';
}

/** The engine is closed or closing. */
export class EngineClosedError extends MillraceError {
  static override readonly code = 'MILLRACE_CLOSED';
}

/** The engine stopped because something it cannot go on without failed; `cause` says what. */
export class EngineFailedError extends MillraceError {
  static override readonly code = 'MILLRACE_FAILED';
}

/** A handler threw, and its retries are used up. `cause` is what it threw. */
export class HandlerError extends MillraceError {
  static override readonly code = 'MILLRACE_HANDLER_FAILED';
}

/** An event waits behind a failed event of its key. */
export class KeyParkedError extends MillraceError {
  static override readonly code = 'MILLRACE_KEY_PARKED';
}

/** Handlers are asked for that this engine was opened without. */
export class HandlerNotGivenError extends MillraceError {
  static override readonly code = 'MILLRACE_HANDLER_NOT_GIVEN';
}

/**
 * Some events of a `publishMany` with `until: 'handled'` were not handled: their handlers failed, or they wait behind
 * a failed event of their key. All of them are durable, and all others are handled.
 */
export class PublishManyError extends MillraceError {
  static override readonly code = 'MILLRACE_PUBLISH_MANY';

  /** What `publishMany` would have returned. */
  get receipt(): { readonly count: number; readonly firstPosition: number; readonly lastPosition: number } {
    return this.details.receipt as PublishManyError['receipt'];
  }

  /** How many events were not handled. */
  get failed(): number {
    return this.details.failed as number;
  }

  /** The first 1,000 of them, in the order in which they failed. */
  get failures(): readonly PublishFailure[] {
    return this.details.failures as readonly PublishFailure[];
  }
}

/** A handler module, or a consumer's, does not exist. */
export class HandlerModuleNotFoundError extends MillraceError {
  static override readonly code = 'MILLRACE_HANDLER_MODULE_NOT_FOUND';
}

/** A module of handlers or of a consumer has no usable default export, or handles an event type that the engine does not know. */
export class HandlerModuleInvalidError extends MillraceError {
  static override readonly code = 'MILLRACE_HANDLER_MODULE_INVALID';
}

/** A handler module, or a consumer's, threw while it was loaded. */
export class HandlerModuleFailedError extends MillraceError {
  static override readonly code = 'MILLRACE_HANDLER_MODULE_FAILED';
}

/** `ctx.emit` was called, or `ctx.history` first read, after its handler had finished. */
export class EmitAfterEndError extends MillraceError {
  static override readonly code = 'MILLRACE_EMIT_AFTER_END';
}

/** A handler took longer than its `timeoutMs`. */
export class HandlerTimeoutError extends MillraceError {
  static override readonly code = 'MILLRACE_HANDLER_TIMEOUT';
}

/** Some lanes' `onBroadcast` hooks threw; `details.lanes` names them. */
export class BroadcastError extends MillraceError {
  static override readonly code = 'MILLRACE_BROADCAST_FAILED';
}

/** A lane thread ended while it had work. */
export class LaneCrashedError extends MillraceError {
  static override readonly code = 'MILLRACE_LANE_CRASHED';
}

/** The writer thread ended. What was not acknowledged may be missing from the file. */
export class WriterCrashedError extends MillraceError {
  static override readonly code = 'MILLRACE_WRITER_CRASHED';
}

/** The store path cannot be used: a directory, a missing folder, no permission. */
export class StorePathError extends MillraceError {
  static override readonly code = 'MILLRACE_STORE_PATH';
}

/** SQLite's native part is not there or does not fit this platform. Nothing that lies in memory needs it. */
export class SqliteMissingError extends MillraceError {
  static override readonly code = 'MILLRACE_SQLITE_MISSING';
}

/** Millrace was put into a bundle, and a file of its own that a thread must load is not in it. */
export class BundledError extends MillraceError {
  static override readonly code = 'MILLRACE_BUNDLED';
}

/** The file is not a Millrace store. It was not changed. */
export class ForeignStoreError extends MillraceError {
  static override readonly code = 'MILLRACE_STORE_FOREIGN';
}

/** The file was written by a newer Millrace. It was not changed. */
export class NewerStoreError extends MillraceError {
  static override readonly code = 'MILLRACE_STORE_NEWER';
}

/** The file has a format that an older Millrace wrote and this one does not read. It was not changed. */
export class OlderStoreError extends MillraceError {
  static override readonly code = 'MILLRACE_STORE_OLDER';
}

/** Another engine has the store open. */
export class StoreLockedError extends MillraceError {
  static override readonly code = 'MILLRACE_STORE_LOCKED';
}

/** SQLite reported an error. `details.sqlite` is its code. */
export class StoreError extends MillraceError {
  // Not a literal type: more precise errors extend this one.
  static override readonly code: string = 'MILLRACE_STORE';
}

/** The disk has no room for the store. What was acknowledged is kept. */
export class StoreFullError extends StoreError {
  static override readonly code = 'MILLRACE_STORE_FULL';
}

/** The disk or its file system failed. `details.sqlite` says in which operation. */
export class StoreIoError extends StoreError {
  static override readonly code = 'MILLRACE_STORE_IO';
}

/** The store's file was moved, deleted or replaced while an engine had it open. */
export class StoreMovedError extends StoreError {
  static override readonly code = 'MILLRACE_STORE_MOVED';
}

/** The store's contents contradict themselves. */
export class StoreCorruptError extends MillraceError {
  static override readonly code = 'MILLRACE_STORE_CORRUPT';
}

/** A statement over a log is not what SQLite understands, or failed. `details.sqlite` is SQLite's code, if it has one. */
export class SqlError extends MillraceError {
  // Not a literal type: a more precise error extends this one.
  static override readonly code: string = 'MILLRACE_SQL';
}

/** A statement over a log would do something else than read it. Nothing was done. */
export class SqlReadOnlyError extends SqlError {
  static override readonly code = 'MILLRACE_SQL_READ_ONLY';
}

/** There is no dead letter at that position. */
export class DeadLetterNotFoundError extends MillraceError {
  static override readonly code = 'MILLRACE_DEAD_LETTER_NOT_FOUND';
}

/** The queue of an event bus is full, and the bus was told not to wait. */
export class QueueFullError extends MillraceError {
  static override readonly code = 'MILLRACE_QUEUE_FULL';
}

/** There is no event with that id. */
export class EventNotFoundError extends MillraceError {
  static override readonly code = 'MILLRACE_EVENT_NOT_FOUND';
}

/** A `memory` store no longer keeps the events asked for. */
export class NotRetainedError extends MillraceError {
  static override readonly code = 'MILLRACE_NOT_RETAINED';
}

/** A publisher's event is one too many in a chain of events that subscribers published; `details.chain` has it. */
export class PublishCycleError extends MillraceError {
  static override readonly code = 'MILLRACE_PUBLISH_CYCLE';
}

/** A publisher or an engine has as many subscriptions as it may have. */
export class TooManySubscriptionsError extends MillraceError {
  static override readonly code = 'MILLRACE_TOO_MANY_SUBSCRIPTIONS';
}

/** The Node.js that runs is older than what a store, an engine or the command needs. `details`: `needed`, `running`. */
export class NodeTooOldError extends MillraceError {
  static override readonly code = 'MILLRACE_NODE_TOO_OLD';
}

/** A thread's heap is too large for what was asked. */
export class HeapTooLargeError extends MillraceError {
  static override readonly code = 'MILLRACE_HEAP_TOO_LARGE';
}

/** A profile was asked for while another one runs, or a heap snapshot or count of a thread that is in the middle of a handler. */
export class ProfileBusyError extends MillraceError {
  static override readonly code = 'MILLRACE_PROFILE_BUSY';
}

/** An input file (CSV, candles, configuration) is not of the documented form. `details.line` names the line. */
export class InputError extends MillraceError {
  static override readonly code = 'MILLRACE_INPUT';
}

/** A package that only this call needs is not installed. `details.package` names it. */
export class PackageMissingError extends MillraceError {
  static override readonly code = 'MILLRACE_PACKAGE_MISSING';
}

/** A file for the user, such as a profile or a report, cannot be written where it should be. */
export class OutputError extends MillraceError {
  static override readonly code = 'MILLRACE_OUTPUT';
}

/** A test waited for something that did not happen in time; the message says what happened instead. */
export class TestTimeoutError extends MillraceError {
  static override readonly code = 'MILLRACE_TEST_TIMEOUT';
}

/** What a test, or a check of the store contract, expected is not so. */
export class TestAssertionError extends MillraceError {
  static override readonly code = 'MILLRACE_TEST_ASSERTION';
}

/** The log has no consumer of that name. */
export class ConsumerNotFoundError extends MillraceError {
  static override readonly code = 'MILLRACE_CONSUMER_NOT_FOUND';
}

/** A consumer of that name runs in this engine already. */
export class ConsumerRunningError extends MillraceError {
  static override readonly code = 'MILLRACE_CONSUMER_RUNNING';
}

/** The consumer was stopped or removed, or stopped by itself because of `cause`: what was waited for will not come. */
export class ConsumerStoppedError extends MillraceError {
  static override readonly code = 'MILLRACE_CONSUMER_STOPPED';
}

/** The thread of a consumer ended while it loaded its module or handled an event. `details.consumer` is whose. */
export class ConsumerThreadError extends MillraceError {
  static override readonly code = 'MILLRACE_CONSUMER_THREAD';
}

/** The log has as many consumers as it may have. `details.limit` is how many. */
export class TooManyConsumersError extends MillraceError {
  static override readonly code = 'MILLRACE_TOO_MANY_CONSUMERS';
}

/**
 * What a handler has made of its key's state cannot be kept: it is no plain data, does not match its schema, or its
 * `initial` threw. The event has failed. `details` has `state` and `key`; of an aggregate, whose `initial` or `evolve`
 * made no state or none that can be sent to a query, `aggregate` and `aggregateId`.
 */
export class InvalidStateError extends MillraceError {
  static override readonly code = 'MILLRACE_INVALID_STATE';
}

/** A key's state, or all those of a log in memory, are larger than they may be. Their event has failed. `details` has `key` and `bytes`. */
export class StateTooLargeError extends MillraceError {
  static override readonly code = 'MILLRACE_STATE_TOO_LARGE';
}

/** The log has states that are not those of its handlers: of another version, or more kinds than a log may have. */
export class StateVersionError extends MillraceError {
  static override readonly code = 'MILLRACE_STATE_VERSION';
}
