import type { Codec } from '../../events/codec.js';
import { EmissionBuffer } from '../../events/emission.js';
import { NO_BYTES, toMove, withRoom } from '../../kernel/moved-bytes.js';
import { COMMAND_ANSWER_BYTES } from './limits.js';
import type { CommandAnswer, CommandOutcome, SnapshotNews } from './protocol.js';

/** What has come of a lane's commands since its last answer, until it is sent. */
export class CommandOutbox {
  readonly emissions: EmissionBuffer;
  readonly #codec: Codec;
  #outcomes: CommandOutcome[] = [];
  #snapshots: SnapshotNews[] = [];
  #replies = NO_BYTES;
  #replyEnd = 0;

  constructor(codec: Codec) {
    this.#codec = codec;
    this.emissions = new EmissionBuffer(codec);
  }

  /** Whether it holds as much as one answer should. */
  get isFull(): boolean {
    return this.emissions.end + this.#replyEnd > COMMAND_ANSWER_BYTES;
  }

  /** Where the next reply will begin. */
  get replyEnd(): number {
    return this.#replyEnd;
  }

  /** Adds a reply. @throws UnsupportedPayloadError when it is no plain data; PayloadTooLargeError. */
  reply(type: string, value: unknown): void {
    if (value === undefined) return;
    const { target, start, end } = this.#codec.encode(type, value, false);
    const needed = this.#replyEnd + end - start;
    this.#replies = withRoom(this.#replies, this.#replyEnd, needed);
    target.copy(this.#replies, this.#replyEnd, start, end);
    this.#replyEnd = needed;
  }

  /** Takes back what a command has added: it has failed. */
  rewind(emissions: number, replyEnd: number): void {
    this.emissions.rewind(emissions);
    this.#replyEnd = replyEnd;
  }

  add(outcome: CommandOutcome): void {
    this.#outcomes.push(outcome);
  }

  tell(news: SnapshotNews): void {
    this.#snapshots.push(news);
  }

  /** The answer, with bytes of its own; undefined when there is nothing to say. */
  take(): CommandAnswer | undefined {
    const snapshots = this.#snapshots;
    if (this.#outcomes.length === 0 && snapshots.length === 0) return undefined;
    const replies = toMove(this.#replies, this.#replyEnd);
    const answer: CommandAnswer = {
      kind: 'commands',
      outcomes: this.#outcomes,
      emitted: this.emissions.take(),
      unknownShapes: this.emissions.takeUnknownShapes(),
      replies,
      ...(snapshots.length > 0 && { snapshots }),
    };
    this.#outcomes = [];
    this.#snapshots = [];
    this.#replies = NO_BYTES;
    this.#replyEnd = 0;
    return answer;
  }
}
