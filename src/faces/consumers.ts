// Named, durable cursors over the log: what `engine.consumers` gives.
export type { Consumer } from '../consumers/consumer.js';
export type { Consumers } from '../consumers/consumers.js';
export type { Followed, FollowOptions } from '../consumers/follow.js';
export type {
  CatchUpOptions,
  ConsumerContext,
  ConsumerHandler,
  ConsumerOptions,
} from '../consumers/options.js';
export type { ConsumerFailure, ConsumerState, ConsumerStatus } from '../consumers/status.js';
