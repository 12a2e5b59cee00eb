import type { MessagePort } from 'node:worker_threads';
import { encodeError } from '../src/kernel/error-codec.js';
import type { CommandRunner } from '../src/lanes/aggregates/command-runner.js';
import type { CommandMail } from '../src/lanes/aggregates/protocol.js';
import type { LaneLog } from '../src/lanes/history.js';
import { AskedLog, type LaneReading } from '../src/lanes/history-wire.js';
import { LaneCell } from '../src/lanes/lane-cell.js';
import { limited } from '../src/lanes/limited.js';
import { loadHandlers } from '../src/lanes/load-handlers.js';
import { OwnLog } from '../src/lanes/own-log.js';
import type { LaneAnswer, LaneReply, LaneSetup, LaneTask } from '../src/lanes/protocol.js';
import { LaneRunner } from '../src/lanes/runner.js';
import { TracerErrors, traced } from '../src/lanes/traced.js';
import type { ProfileOrder, ThreadProfiler } from '../src/sampling/thread-profiler.js';

// msgpackr's native extractor cannot read shared memory. Should a handler module import msgpackr's main entry,
// this keeps it from being switched on for this thread.
process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED = 'true';

/** Piscina has put a new thread in the place of one that died while nothing was under way. */
const DIED_IDLE = 'it died between two batches';

let runner: LaneRunner | undefined;
// Loaded when they are first needed: a lane that opens should cost little more than its handlers' own imports.
let move: Awaited<ReturnType<typeof loadMove>> | undefined;
let profiler: ThreadProfiler | undefined;

/** The one task function of a lane thread. */
export default async function lane(task: LaneTask): Promise<unknown> {
  switch (task.kind) {
    case 'open':
      return open(task.setup, task.cell, task.answers);
    case 'broadcast':
      if (!runner) throw new Error(DIED_IDLE);
      return { kind: 'heard', errors: await runner.broadcast(task.message) } satisfies LaneReply;
    case 'profile':
      return profile(task.order);
    case 'batch':
      if (!runner) throw new Error(DIED_IDLE);
      return passed(await runner.run(task));
    default:
      throw new Error(`Unknown lane task: ${JSON.stringify(task satisfies never)}`);
  }
}

async function open(setup: LaneSetup, memory: SharedArrayBuffer, answers: MessagePort): Promise<LaneReply> {
  try {
    const errors = new TracerErrors();
    const loaded = limited(await loadHandlers(setup.modules), setup.handlerTimeoutMs);
    const cell = new LaneCell(setup.concurrency, memory);
    const commands = setup.aggregates && (await openCommands(setup, setup.aggregates, cell, answers));
    const asked = new AskedLog(answers, setup.run);
    answers.on('message', (message: LaneReading | CommandMail) => {
      if (message.kind === 'commands') commands?.take(message);
      else asked.heard(message);
    });
    // The pool's own port keeps the thread alive for as long as it is wanted.
    answers.unref();
    runner = new LaneRunner(
      setup,
      await traced(loaded, setup.tracing, errors),
      cell,
      (answer) => answers.postMessage(answer, bytesOf(answer)),
      {
        // What commands take says nothing of what an event costs.
        busy: () => performance.eventLoopUtilization().active - (commands?.worked ?? 0),
        tracerErrors: errors,
        log: logOf(setup, asked),
        aggregates: commands?.loaded,
      },
    );
    return { kind: 'opened', handled: runner.handled, aggregates: commands?.loaded ?? [] };
  } catch (error) {
    return { kind: 'refused', error: encodeError(error) };
  }
}

/** What handlers read: the file, if there is one. SQLite is loaded when the first handler does. */
function logOf({ run, history: { file, asStored } }: LaneSetup, asked: AskedLog): LaneLog {
  if (file === undefined) return asked;
  return new OwnLog(asked, async () => {
    const { LaneHistory } = await import('../src/store/lane-history.js');
    return new LaneHistory(file, run, asStored);
  });
}

async function openCommands(
  setup: LaneSetup,
  aggregates: readonly string[],
  cell: LaneCell,
  answers: MessagePort,
): Promise<CommandRunner> {
  const { CommandRunner } = await import('../src/lanes/aggregates/command-runner.js');
  const { loadAggregates } = await import('../src/lanes/aggregates/load-aggregates.js');
  return new CommandRunner(setup, await loadAggregates(aggregates), cell, (answer) => {
    const { emitted, replies } = answer;
    answers.postMessage(answer, [
      ...(emitted ? [emitted.buffer as ArrayBuffer] : []),
      ...(replies.length > 0 ? [replies.buffer as ArrayBuffer] : []),
    ]);
  });
}

async function profile(order: ProfileOrder): Promise<LaneReply> {
  if (!runner) throw new Error(DIED_IDLE);
  try {
    const own = await threadProfiler();
    if (order.do === 'start') runner.startProfile((span) => own.note(span));
    const reading = await own.obey(order);
    const work = order.do === 'stop' ? { work: runner.stopProfile() } : {};
    return { kind: 'profiled', reading: reading && { ...reading, ...work } };
  } catch (error) {
    return { kind: 'unprofiled', error: encodeError(error) };
  }
}

async function threadProfiler(): Promise<ThreadProfiler> {
  if (!profiler) {
    const { ThreadProfiler } = await import('../src/sampling/thread-profiler.js');
    profiler ??= new ThreadProfiler();
  }
  return profiler;
}

async function passed(answer: LaneAnswer | undefined): Promise<unknown> {
  const reply = { kind: 'passed', answer } satisfies LaneReply;
  const bytes = answer ? bytesOf(answer) : [];
  if (bytes.length === 0) return reply;
  move ??= await loadMove();
  return move(reply, bytes);
}

/** Piscina's way of moving what an answer of a task holds, which is all that a lane wants of its main entry. */
async function loadMove(): Promise<(reply: LaneReply, bytes: readonly ArrayBuffer[]) => unknown> {
  const { move, transferableSymbol, valueSymbol } = await import('piscina');
  return (reply, bytes) => move({ [transferableSymbol]: bytes, [valueSymbol]: reply } as never);
}

/** Emitted bytes and states own their whole buffers, so they are moved to the main thread instead of copied. */
function bytesOf({ emitted, states }: LaneAnswer): ArrayBuffer[] {
  if (states) return [...(emitted ? [emitted.buffer] : []), states.buffer] as ArrayBuffer[];
  return emitted ? [emitted.buffer as ArrayBuffer] : [];
}
