// Aggregates that take commands: deciders for lanes and for the main thread, and classes over `engine.read` and `engine.append`.
export type { CommandResult, ExecuteOptions, QueryOptions } from '../lanes/aggregates/command-types.js';
export {
  type Aggregate,
  type AggregateOptions,
  type AnyAggregate,
  type Command,
  type CommandContext,
  type CommandInput,
  type CommandReply,
  command,
  defineAggregate,
} from '../lanes/aggregates/define-aggregate.js';
export { AggregateRoot, type AppliedEvent } from './aggregate-root.js';
export { type CommandOptions, handleCommand } from './handle-command.js';
export { type Repository, repository, type SaveOptions } from './repository.js';
