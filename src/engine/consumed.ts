import { Consumers } from '../consumers/consumers.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { ReadOptions } from './options.js';
import type { EngineParts } from './parts.js';

/** What an engine's consumers ask of it. */
export interface ConsumingEngine {
  /** Asked anew each time: `recover` opens others. */
  readonly parts: () => EngineParts;
  readonly checkOpen: () => void;
  readonly read: (options: ReadOptions) => AsyncGenerator<DomainEvent, void, undefined>;
}

/** The consumers of an engine, told of what happens to it. */
export function consumersOf({ parts, checkOpen, read }: ConsumingEngine): Consumers {
  const { notices, health, consumerLink } = parts();
  const consumers = new Consumers({
    log: parts,
    ...{ checkOpen, read },
    others: {
      statuses: () => parts().late.statuses,
      letters: () => parts().late.lettersOf(),
      forget: (name) => parts().late.forget(name),
    },
    failed: (failure) => parts().notices.send({ kind: 'consumer-failed', ...failure }),
    changed: () => parts().health.tell(),
  });
  health.also(() => consumers.reasons());
  notices.add((notice) => {
    if (notice.kind === 'failed') consumers.engineFailed(notice.error);
  });
  consumerLink.onCommitted = () => consumers.wake();
  return consumers;
}
