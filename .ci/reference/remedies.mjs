/**
 * What to do about each error, by its code. What it means is in the class's own documentation; the error's message names
 * the case.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const REMEDIES = {
  MILLRACE_ERROR: 'This is the base class of all others. Catch it to tell Millrace’s errors from your own.',
  MILLRACE_INVALID_DEFINITION:
    'Change the definition as the message says. It is found when the program starts.',
  MILLRACE_INVALID_OPTION: 'Pass a value in the range that the message names. Nothing was changed.',
  MILLRACE_UNKNOWN_EVENT_TYPE:
    'Add the event type to `events` of `openEngine`, `createPublisher` or the bus.',
  MILLRACE_EVENT_FUNCTION:
    'Mend the function that `details.function` names. It must be synchronous and must not throw.',
  MILLRACE_UPCAST: 'Mend the type’s `upcast`, then retry the dead letter, or read on from the next position.',
  MILLRACE_WAITS_FOR_ITSELF:
    'Do not await this call inside the handler; start it there and await it outside.',
  MILLRACE_SCHEMA_MISMATCH: 'Correct the field that `details.path` names, or the schema.',
  MILLRACE_UNSUPPORTED_PAYLOAD:
    'Put plain data into the payload: objects, arrays, strings, finite numbers, bytes, dates.',
  MILLRACE_PAYLOAD_TOO_LARGE: 'Store the large part elsewhere, and put its name into the event.',
  MILLRACE_INVALID_NAME: 'Return a string of 1 to 1,024 bytes from `aggregateId` and `partitionKey`.',
  MILLRACE_TOO_MANY_NAMES:
    'Use a store: an engine with a file forgets names and asks the file. In memory, use fewer names.',
  MILLRACE_APPEND_TOO_LARGE: 'Append fewer events at once, or raise `maxInFlight` or `maxInFlightBytes`.',
  MILLRACE_NOT_DETERMINISTIC:
    'Pass `occurredAt` with each event, and give all events of an aggregate the same partition key.',
  MILLRACE_CONCURRENCY: 'Read the aggregate again, decide again, and append with `details.actual`.',
  MILLRACE_TOO_MANY_COMMANDS: 'Send one command whose input is a list, or fewer from each of several events.',
  MILLRACE_COMMAND_REFUSED:
    'Tell the caller; `details.rule` says which rule forbids it. Nothing was appended.',
  MILLRACE_UNKNOWN_COMMAND: 'Ask for a command that the aggregate has; the message lists them.',
  MILLRACE_UNKNOWN_AGGREGATE: 'Add the module that exports it to the option `aggregates` of `openEngine`.',
  MILLRACE_EVENT_ID_TAKEN: 'Give new events new ids; an id names one event of its aggregate for good.',
  MILLRACE_CLOSED: 'Open the engine again. What was acknowledged is kept.',
  MILLRACE_FAILED: 'Look at `cause`, remove it, and call `engine.recover()` or open the store again.',
  MILLRACE_HANDLER_FAILED:
    'Mend the handler, then call `engine.deadLetters.retry(position)`, or `discard` it.',
  MILLRACE_KEY_PARKED:
    'Retry or discard the failed event of the same key: `engine.deadLetters.list()` has it.',
  MILLRACE_PUBLISH_MANY: 'The events are stored. Retry or discard those that `failures` names.',
  MILLRACE_HANDLER_MODULE_NOT_FOUND:
    "Correct the URL in `handlers`, or the consumer's `module`: `new URL('./x.handlers.js', import.meta.url)`.",
  MILLRACE_HANDLER_NOT_GIVEN:
    'Open the engine with the module that `details.module` names, with `from`, and retry; or discard the dead letter.',
  MILLRACE_HANDLER_MODULE_INVALID:
    'Export `defineHandlers(…)` as the default (a consumer: its function), and pass all its event types in `events`.',
  MILLRACE_HANDLER_MODULE_FAILED: 'Look at `cause`: it is what the module threw while it was loaded.',
  MILLRACE_EMIT_AFTER_END: 'Await everything that emits or reads before the handler returns.',
  MILLRACE_HANDLER_TIMEOUT: 'Make the handler faster, have it look at `ctx.signal`, or raise `timeoutMs`.',
  MILLRACE_BROADCAST_FAILED: 'Mend the `onBroadcast` hook; `cause` has what it threw, `details.lanes` where.',
  MILLRACE_LANE_CRASHED:
    'Find what ended the thread: an uncaught error, `process.exit()`, or too little memory (`resourceLimits`).',
  MILLRACE_WRITER_CRASHED: 'Call `engine.recover()` or open the store again.',
  MILLRACE_STORE_PATH: 'Pass the path of a file in a folder that exists and that the process may write to.',
  MILLRACE_SQLITE_MISSING:
    'Install the package again on this platform (`npm install better-sqlite3`), or use no store.',
  MILLRACE_BUNDLED: 'Mark `millrace` as external in the bundler, so that its files stay where they are.',
  MILLRACE_STORE_FOREIGN: 'Pass the path of a Millrace store, or of a file that does not exist yet.',
  MILLRACE_STORE_NEWER: 'Update Millrace.',
  MILLRACE_STORE_OLDER: 'Open it with the version that the message names, or choose another path.',
  MILLRACE_STORE_LOCKED: 'Close the other engine, or end its process.',
  MILLRACE_STORE: 'Look up the SQLite code in `details.sqlite`.',
  MILLRACE_STORE_FULL: 'Make room on the disk, then call `engine.recover()`.',
  MILLRACE_STORE_IO:
    'Check the disk and its mount, run `millrace verify FILE`, then call `engine.recover()`.',
  MILLRACE_STORE_MOVED: 'Put the file back in its place, then call `engine.recover()`.',
  MILLRACE_STORE_CORRUPT: 'Run `millrace verify FILE`: it names each problem, and how to save what is whole.',
  MILLRACE_SQL:
    "Look at SQLite's own text in the message; `millrace sql FILE` has `.tables` and `.schema`, and docs/sql.md examples.",
  MILLRACE_SQL_READ_ONLY:
    'Ask with SELECT; to change the data, write it out with `millrace export FILE --to out.db` and work on that.',
  MILLRACE_DEAD_LETTER_NOT_FOUND:
    'Take the position from `list()`; the dead letter may be retried or discarded by now.',
  MILLRACE_QUEUE_FULL: 'Publish more slowly, raise the size of the queue, or let the bus wait (`whenFull`).',
  MILLRACE_EVENT_NOT_FOUND: 'Check the id; events of a log in memory end with the process.',
  MILLRACE_NOT_RETAINED: 'Raise the limit of what is retained, read earlier, or use a store.',
  MILLRACE_PUBLISH_CYCLE:
    'Break the chain of subscribers that publish: `details.chain` names their event types.',
  MILLRACE_TOO_MANY_SUBSCRIPTIONS:
    'End subscriptions that are no longer needed: usually one is made per call and never ended.',
  MILLRACE_CONSUMER_NOT_FOUND: 'Take the name from `engine.consumers.list()`.',
  MILLRACE_CONSUMER_RUNNING: 'Use the running consumer, or stop it before it is started again.',
  MILLRACE_CONSUMER_THREAD:
    'Look at `cause`, and at what the module does that ends its thread. An event that ended it is in `consumer.failures()`; a consumer that is `failed` goes on with `resume()`.',
  MILLRACE_CONSUMER_STOPPED:
    'Look at `cause`, remove it, and start the consumer again: it goes on where it was.',
  MILLRACE_TOO_MANY_CONSUMERS: 'Remove consumers that are no longer used: `engine.consumers.remove(name)`.',
  MILLRACE_INVALID_STATE:
    'The message names the state, the key and the field. Return plain data that matches the schema of `defineState`.',
  MILLRACE_STATE_TOO_LARGE:
    'Keep less for each key: sums instead of lists, or keys that are more of them. For all states of a log in memory: give the engine a store.',
  MILLRACE_STATE_VERSION:
    'Open the log with handlers whose states have the version that the message names, or a higher one: it is built anew then.',
  MILLRACE_INVALID_TIMER:
    'The message says what was given. Pass a Date, epoch milliseconds, or `{ in: ms }` or `{ in: "1h" }`, and a name that is a text.',
  MILLRACE_TOO_MANY_TIMERS: 'Cancel timers that are not needed any more, use a name again, or use more keys.',
  MILLRACE_NODE_TOO_OLD: 'Use Node.js 22.18 or newer.',
  MILLRACE_HEAP_TOO_LARGE: 'Take the snapshot when less is in memory, or look at the thread with a debugger.',
  MILLRACE_PROFILE_BUSY: 'Wait for the other profile, or abort its signal.',
  MILLRACE_INPUT: 'Correct the file in the line that `details.line` names.',
  MILLRACE_PACKAGE_MISSING: 'Install the package that the message names, or choose another form.',
  MILLRACE_OUTPUT: 'Pass another path, or the option that replaces what is there.',
  MILLRACE_TEST_TIMEOUT:
    'Read what the message says about running handlers, parked keys and waiting retries; raise `timeout` last.',
  MILLRACE_TEST_ASSERTION: 'The message shows what was expected and what came.',
  MILLRACE_STRATEGY: 'Mend the strategy: the message names the order or the value. The other runs go on.',
  MILLRACE_LOOK_AHEAD: 'Read only candles up to the current one.',
  MILLRACE_STRATEGY_IMPURE: 'Use what `details.instead` names.',
  MILLRACE_RUN_BUDGET: 'Make the strategy faster, or raise the budget.',
};
