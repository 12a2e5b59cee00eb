import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { encodeError, type WireError } from '../src/kernel/error-codec.js';
import { WAL_PAGES_LAST, WAL_PAGES_LIMIT, WAL_PAGES_MAX, WRITER_IDLE_MS } from '../src/limits.js';
import { epochNow } from '../src/sampling/span-log.js';
import { ThreadProfiler } from '../src/sampling/thread-profiler.js';
import { Checkpointer } from '../src/store/checkpointer.js';
import type { WriterReply, WriterRequest } from '../src/store/protocol.js';
import { PACK_BEHIND, PACK_PAUSE_IDLE_MS, PACK_PAUSE_MS } from '../src/store/segments/limits.js';
import type { PackResult } from '../src/store/segments/packer.js';
import { type Commit, Writer } from '../src/store/writer.js';
import { answerProfile } from '../src/threads/answer-profile.js';

const port = parentPort;
if (!port) throw new Error('workers/writer.js runs on a worker thread only.');

const profiler = new ThreadProfiler();
let writer: Writer | undefined;
let checkpointer: Checkpointer | undefined;
let checkpointFrom: number | undefined;
let path = '';
let waiting: Commit[] = [];
let lastSequence = 0;
let failed = false;
let closing = false;
let idleTimer: NodeJS.Timeout | undefined;
/** Nothing has come since the last quiet moment began. */
let isResting = false;
/** When segments may be packed again while events come. */
let packAgain = 0;
/** Damage was met by what nobody has asked for, and told. */
let isTold = false;
/** Newest events that are not packed. */
let packBehind = PACK_BEHIND;

port.on('message', (first: WriterRequest) => {
  clearTimeout(idleTimer);
  isResting = false;
  try {
    take(first);
    // Group commit: everything that has arrived meanwhile goes into the same transaction.
    let next = receiveMessageOnPort(port);
    while (next) {
      take(next.message as WriterRequest);
      next = receiveMessageOnPort(port);
    }
    write();
  } catch (error) {
    fail(error);
  }
  // Also when the last commit has just failed: file, lock and thread must not outlive the store.
  if (closing) close();
  else if (writer && !failed) idleTimer = setTimeout(rest, WRITER_IDLE_MS);
});

function take(request: WriterRequest): void {
  switch (request.kind) {
    case 'open':
      path = request.options.path;
      packBehind = request.options.packBehind ?? PACK_BEHIND;
      writer = new Writer(request.options);
      reply({ kind: 'opened', state: writer.state });
      break;
    case 'slab':
      writer?.addSlab(request.id, request.memory);
      break;
    case 'forget':
      // Commits that lie in this slab may still wait.
      write();
      writer?.forgetSlab(request.id);
      break;
    case 'commit':
      // After a failure nothing more is written: progress counts up over events that are not there.
      if (failed) break;
      waiting.push(request);
      lastSequence = request.sequence;
      break;
    case 'profile':
      void answerProfile(request, (order) => profiler.obey(order), reply);
      break;
    case 'close':
      closing = true;
      break;
    default:
      throw new Error(`Unknown writer request: ${JSON.stringify(request satisfies never)}`);
  }
}

function write(): void {
  if (!writer || waiting.length === 0) return;
  const commits = waiting;
  waiting = [];
  const start = epochNow();
  writer.commit(commits);
  if (profiler.isRunning)
    profiler.note({ kind: 'commit', start, end: epochNow(), events: eventsOf(commits) });
  reply({ kind: 'committed', sequence: lastSequence, indexed: writer.indexed });
  tellOfIndex(writer);
  tendWal(WAL_PAGES_MAX);
  // At a bounded pace while events come: what it costs is taken from them.
  if (performance.now() >= packAgain) pack();
}

/** Has the WAL moved into the file when more than `most` pages wait for it, on another thread if it can be. */
function tendWal(most: number): void {
  if (!writer) return;
  const { pages, waiting } = writer.walState();
  if (pages > WAL_PAGES_LIMIT) {
    checkpoint(writer);
  } else if (waiting > most) {
    tender().start();
    checkpointFrom ??= epochNow();
  }
}

/** The thread that moves the WAL and packs segments, begun with the first of either. */
function tender(): Checkpointer {
  checkpointer ??= new Checkpointer(path, { moved: finishCheckpoint, packed: finishPack, failed: fail });
  return checkpointer;
}

/** Has cold segments packed, if there are any. */
function pack(): void {
  const range = failed ? undefined : writer?.coldRange(packBehind);
  if (range) tender().pack(range);
}

function finishPack(result: PackResult): void {
  if (failed || !writer) return;
  packAgain = performance.now() + PACK_PAUSE_MS;
  if (result.damage) tell(result.damage);
  // Nothing is worth it yet: asked again when more has come.
  if (result.packed === undefined && result.done === writer.coldRange(0)?.after) {
    packAgain = performance.now() + PACK_PAUSE_IDLE_MS;
    return;
  }
  try {
    const damage = writer.applyPacked(result);
    if (damage) tell(encodeError(damage));
    tendWal(WAL_PAGES_MAX);
    // In a quiet moment at once the next.
    if (isResting) setTimeout(() => isResting && pack(), 0);
  } catch (error) {
    fail(error);
  }
}

/**
 * What was written meanwhile waits again. The rounds get shorter; the last few pages the writer moves itself,
 * because the WAL begins anew only when nothing is left in it.
 */
function finishCheckpoint(): void {
  if (checkpointFrom !== undefined)
    profiler.note({ kind: 'checkpoint', start: checkpointFrom, end: epochNow(), thread: 'checkpointer' });
  checkpointFrom = undefined;
  if (failed) return;
  try {
    tendWal(WAL_PAGES_LAST);
    if (writer && writer.walState().waiting <= WAL_PAGES_LAST) checkpoint(writer);
  } catch (error) {
    fail(error);
  }
}

/** In a quiet moment: what would otherwise delay a commit. */
function rest(): void {
  try {
    // In pieces, each a turn of the event loop: a commit that comes goes first.
    if (writer?.indexQuietly()) {
      tellOfIndex(writer);
      idleTimer = setTimeout(rest, 0);
    } else if (writer) {
      checkpoint(writer);
      isResting = true;
      pack();
    }
  } catch (error) {
    fail(error);
  }
}

function checkpoint(of: Writer): void {
  const start = epochNow();
  of.checkpoint();
  profiler.note({ kind: 'checkpoint', start, end: epochNow() });
}

function eventsOf(commits: readonly Commit[]): number {
  return commits.reduce(
    (sum, { segments }) => sum + segments.reduce((rows, { from, to }) => rows + to - from, 0),
    0,
  );
}

function tellOfIndex(of: Writer): void {
  const damage = of.takeDamage();
  if (damage) tell(encodeError(damage));
}

/** Tells of damage that stops nothing: once, because what is damaged in one place mostly is in many. */
function tell(damage: WireError): void {
  if (isTold) return;
  isTold = true;
  reply({ kind: 'damaged', error: damage });
}

function fail(error: unknown): void {
  failed = true;
  waiting = [];
  reply({ kind: 'failed', error: encodeError(error) });
}

async function close(): Promise<void> {
  await checkpointer?.close();
  checkpointer = undefined;
  try {
    writer?.close();
    reply({ kind: 'closed' });
  } catch (error) {
    reply({ kind: 'closed', error: encodeError(error) });
  }
  writer = undefined;
  // Ends the thread by itself: a terminated thread could die inside SQLite.
  port?.close();
}

function reply(message: WriterReply): void {
  port?.postMessage(message);
}
