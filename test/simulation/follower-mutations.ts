import { Processing } from '../../dist/src/bus/processing.js';
import { Consumer } from '../../dist/src/consumers/consumer.js';
import { ReadyLines } from '../../dist/src/consumers/line.js';
import { ConsumerRecord } from '../../dist/src/consumers/record.js';
import { type Mutation, replace } from './mutate.js';

/** Bugs of consumers and of the event bus. */
export const FOLLOWER_MUTATIONS: readonly Mutation[] = [
  {
    name: 'the progress of a consumer is saved before its handler has ended',
    apply: () =>
      replace(
        ConsumerRecord.prototype,
        'take',
        (original) =>
          function (this: ConsumerRecord) {
            const change = original.call(this);
            const { progress } = change;
            return { ...change, progress: { ...progress, mark: progress.mark + 1 } };
          },
      ),
  },
  {
    name: 'a consumer that goes on leaves out an event',
    apply: () =>
      replace(
        ConsumerRecord.prototype,
        'nextUndone',
        (original) =>
          function (this: ConsumerRecord, from) {
            return from === 1
              ? original.call(this, original.call(this, from) + 1)
              : original.call(this, from);
          },
      ),
  },
  {
    name: 'a consumer begins a key that is under way',
    apply: () =>
      replace(
        ReadyLines.prototype,
        'take',
        (original) =>
          function (this: ReadyLines) {
            const line = original.call(this);
            if (line && line.attempts === 0) {
              line.attempts++;
              this.add(line);
            }
            return line;
          },
      ),
  },
  {
    name: 'the progress of a removed consumer comes back, because it goes on',
    apply: () => replace(Consumer.prototype, 'stop', () => () => Promise.resolve()),
  },
  {
    name: 'a failed event of a consumer is forgotten',
    apply: () =>
      replace(
        ConsumerRecord.prototype,
        'fail',
        (original) =>
          function (this: ConsumerRecord, failure) {
            const isKept = original.call(this, failure);
            this.clear(failure.position);
            return isKept;
          },
      ),
  },
  {
    name: 'what the event bus has noted is not sent again after a failure of the engine',
    apply: () => replace(Processing.prototype, 'engineFailed', () => () => {}),
  },
  {
    name: 'an event is processed to the event bus before its subscriber has ended',
    apply: () =>
      replace(
        Processing.prototype,
        'take',
        (original) =>
          function (this: Processing) {
            const change = original.call(this);
            if (change.kind === 'remove') return change;
            return { ...change, progress: { ...change.progress, mark: change.progress.mark + 1 } };
          },
      ),
  },
];
