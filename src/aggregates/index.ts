// Aggregates that take commands, on the main thread: deciders and classes over `engine.read` and `engine.append`.
export { AggregateRoot, type AppliedEvent } from './aggregate-root.js';
export {
  type Aggregate,
  type AggregateOptions,
  type Command,
  type CommandContext,
  type CommandInput,
  type CommandReply,
  command,
  defineAggregate,
} from './define-aggregate.js';
export { type CommandOptions, type CommandResult, handleCommand } from './handle-command.js';
export { type Repository, repository, type SaveOptions } from './repository.js';
