/** Lets the event loop go round once, so that messages, timers and sockets are served. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
