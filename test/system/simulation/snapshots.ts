import { historyOf } from './counters.js';
import type { Contents } from './sim-disk.js';
import { Violation } from './violation.js';

/**
 * Each snapshot that was ever saved was of an event of its counter that the log had then, and had the sum of then.
 *
 * @returns how many there are. @throws Violation
 */
export function checkSnapshots(contents: Contents): number {
  for (const { snapshot, last } of contents.everSaved) {
    const { aggregate, version, position, state } = snapshot;
    const event = position <= last ? contents.events[position - 1] : undefined;
    if (event?.aggregate !== aggregate || event.version !== version) {
      throw new Violation(
        `a snapshot of version ${version} was saved, which is not at ${position} of ${last}`,
      );
    }
    const counter = contents.nameOf(aggregate);
    const { sum } = contents.codec.unpack(Buffer.from(state)) as { readonly sum: number };
    const step = historyOf(contents, counter)[version - 1];
    if (step?.sum !== sum) {
      throw new Violation(`the snapshot of ${counter} at ${version} says ${sum}, and the log ${step?.sum}`);
    }
  }
  return contents.everSaved.length;
}
