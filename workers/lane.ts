import { move, transferableSymbol, valueSymbol } from 'piscina';
import { encodeError } from '../src/events/error-codec.js';
import { loadHandlers } from '../src/lanes/load-handlers.js';
import type { LaneReply, LaneResult, LaneSetup, LaneTask } from '../src/lanes/protocol.js';
import { LaneRunner } from '../src/lanes/runner.js';

// msgpackr's native extractor cannot read shared memory. Should a handler module import msgpackr's main entry,
// this keeps it from being switched on for this thread.
process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED = 'true';

let runner: LaneRunner | undefined;

/** The one task function of a lane thread. */
export default async function lane(task: LaneTask): Promise<unknown> {
  switch (task.kind) {
    case 'open':
      return open(task.setup);
    case 'batch':
      if (!runner) throw new Error('A lane was sent a batch before it was opened.');
      return withMovedBytes(await runner.run(task));
    default:
      throw new Error(`Unknown lane task: ${JSON.stringify(task satisfies never)}`);
  }
}

async function open(setup: LaneSetup): Promise<LaneReply> {
  try {
    runner = new LaneRunner(setup, await loadHandlers(setup.modules));
    return { kind: 'opened', handled: runner.handled };
  } catch (error) {
    return { kind: 'refused', error: encodeError(error) };
  }
}

/** The emitted bytes own their whole buffer, so they are moved to the main thread instead of copied. */
function withMovedBytes(result: LaneResult): unknown {
  if (!result.emitted) return result;
  return move({ [transferableSymbol]: [result.emitted.buffer], [valueSymbol]: result } as never);
}
