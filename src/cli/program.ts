import { runMillrace } from './main.js';
import { endQuietlyOnClosedPipe } from './output.js';

/** The first process of a container ignores these signals unless somebody listens; a command may listen itself. */
function endOnSignals(): void {
  if (process.pid !== 1) return;
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(name, () => {
      if (process.listenerCount(name) === 1) process.exit(code);
    });
  }
}

endOnSignals();
endQuietlyOnClosedPipe();
// Not process.exit: that would cut off what stdout has not written yet.
process.exitCode = await runMillrace(process.argv.slice(2));
