// Not the global one, which a test with fake timers replaces: nothing of the engine would come round any more.
import { setImmediate } from 'node:timers';

/** Lets the event loop go round once, so that messages, timers and sockets are served. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
