import { Consumers } from '../consumers/consumers.js';
import type { EngineParts } from './parts.js';

/** The consumers of an engine, told of what happens to it. @param parts asked anew each time: `recover` opens others. */
export function consumersOf(parts: () => EngineParts, checkOpen: () => void): Consumers {
  const { notices, health, consumerLink } = parts();
  const consumers = new Consumers({
    log: parts,
    checkOpen,
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
